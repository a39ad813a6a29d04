"""exploration"""
import json, collections, time
from pathlib import Path
import pytest, requests, schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation as L
from schemathesis.generation.meta import negated_parameters
from tests import watch
from tests.contract.fuzz_server import *
CONTRACT=json.loads(watch.CONTRACT.read_text())
CONFIG=SchemathesisConfig.from_dict({"suppress-health-check":["all"],"generation":{"deterministic":True,"database":"none","max-examples":20,"no-shrink":True},"cache":{"enabled":False},
 "checks":{"positive_data_acceptance":{"expected-statuses":["2xx",400,403,404,409,412,428]}}})
SCHEMA=schemathesis.openapi.from_dict(CONTRACT,config=CONFIG)
STAT=collections.Counter(); T=collections.Counter(); FAILS=collections.defaultdict(list); NEG=collections.Counter()
@pytest.fixture(scope="module")
def seeds(server):
    with Served(server) as s:
        x=Seeds(s); x.session=requests.Session(); x.session.trust_env=False
        yield x
        x.session.close()
@SCHEMA.parametrize()
def test_op(case, seeds):
    op=case.operation.definition.raw["operationId"]
    mode0=case.meta.generation.mode.value
    neg=set(negated_parameters(case.meta))
    t=time.perf_counter()
    call=seeds.call(op)
    T['prep']+=time.perf_counter()-t
    desk=desk_of(op)
    comps={l:c.mode.value for l,c in case.meta.components.items()}
    def free(loc,name):
        return (name,loc) not in neg and not (case.meta.is_negative_at(loc) and not [1 for n,l in neg if l==loc])
    if case.meta.generation.mode.is_positive or True:
        for n,v in path_values(case.path,call.path).items():
            if n in case.path_parameters and free(L.PATH,n): case.path_parameters[n]=v
        h=case.headers
        if call.etag and "If-Match" in h and free(L.HEADER,"If-Match"): h["If-Match"]=call.etag
        if "Idempotency-Key" in h and free(L.HEADER,"Idempotency-Key"): h["Idempotency-Key"]=seeds.key()
        if "Acting-Agency" in h and free(L.HEADER,"Acting-Agency"): h["Acting-Agency"]=str(id_of(desk.agency))
        if ("Processing-Purpose" in h or desk.person) and free(L.HEADER,"Processing-Purpose"): h["Processing-Purpose"]="case_management"
        if not case.meta.is_negative_at(L.BODY) and isinstance(case.body,(dict,list)):
            content=case.operation.definition.raw["requestBody"]["content"][case.media_type]
            case.body=fitted(content["schema"],case.body,call.body)
    mode1=case.meta.generation.mode.value
    NEG[mode0,mode1]+=1
    if mode0!=mode1: print("FLIP",op,neg,case.meta.phase)
    headers={}
    if case.operation.definition.raw.get("security") and free(L.HEADER,"Authorization"): headers={"Authorization":f"Bearer {desk.key}"}
    try:
        t=time.perf_counter()
        r=case.call(base_url=seeds.served.base_url,session=seeds.session,headers=headers)
        T['call']+=time.perf_counter()-t
        t=time.perf_counter()
        STAT[op,case.meta.phase.name.value,mode1,r.status_code]+=1
        if r.status_code<300 and call.method!="GET": seeds.spend(op)
        case.validate_response(r,headers=headers,transport_kwargs={"base_url":seeds.served.base_url,"session":seeds.session,"headers":headers})
        T['val']+=time.perf_counter()-t
    except Exception as e:
        T['val']+=time.perf_counter()-t
        FAILS[op].append((case.meta.phase.name.value,mode1,r.status_code,r.request.method,r.request.url,str(r.request.body)[:600],str(dict(r.request.headers))[:300],r.text[:500],str(neg),[str(x)[:600] for x in getattr(e,'exceptions',[e])]))
def test_end(capsys):
    json.dump({k:v for k,v in FAILS.items()},open('/tmp/h7/fails.json','w'),indent=1,ensure_ascii=False)
    json.dump([[*k,v] for k,v in STAT.items()],open('/tmp/h7/stat.json','w'))
    with capsys.disabled():
        print(sum(STAT.values()),dict(T),NEG,{k:len(v) for k,v in FAILS.items()})
