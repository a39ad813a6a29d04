"""The directory: German order and search, sites with their opening hours, offers.

Why: code-point order puts Ähre behind Zander, and nobody finds Şahin by typing Sahin. Keys of names
and words to search by are stored columns, so that lists walk an index whatever the server's locale
is. A site houses units of several agencies; an offer belongs to one and may be held at sites.
The table of agencies holds a few hundred rows: it is written anew and indexed at once.
"""

from migrations_sql import run

revision = "0024_directory"
down_revision = "0023_hardening"
branch_labels = None
depends_on = None

NAMES = r"""
create function ia.name_key(t text) returns text
  language sql immutable strict parallel safe
  return btrim(regexp_replace(translate(regexp_replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    normalize(lower(normalize(t, nfc) collate pg_catalog.pg_c_utf8), nfd)
    , 'a' || chr(776), 'ae')
    , 'o' || chr(776), 'oe')
    , 'u' || chr(776), 'ue')
    , 'ß', 'ss')
    , 'æ', 'ae')
    , 'œ', 'oe')
    , 'ĳ', 'ij')
    , 'þ', 'th')
    , '[\u0300-\u036f]', '', 'g'),
    'øđðħıɨĸłŀŋŉŧſƈəǝʒǥƶɵʉɛɔ!"#$%&()*+,-./:;<=>?@[\]^_{|}~§·–—„“”‚«»…|'
    || chr(160) || '' || chr(9) || chr(10) || chr(13) || 'ʹʺʻʼʽʾʿˈˌ''’‘`´',
    'oddhiikllnntscaezgzoueo                                              '),
    ' +', ' ', 'g'))

create function ia.search_words(p_name text, p_more text) returns tsvector
  language sql immutable strict parallel safe
  return array_to_tsvector(array(
    select left(substr(w, i), 60)
      from regexp_split_to_table(ia.name_key(p_name), ' ') w,
        generate_series(1, greatest(1, length(w) - 2)) i
      where w <> ''
    union select left(w, 60) from regexp_split_to_table(ia.name_key(p_more), ' ') w
      where w <> ''))

alter table ia.agency
  add column name_key text collate pg_catalog."C" not null
    -- squawk-ignore adding-field-with-default
    generated always as (left(ia.name_key(name), 50)) stored,
  add column search tsvector not null
    -- squawk-ignore adding-field-with-default
    generated always as (ia.search_words(name, '')) stored

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_name_key_id on ia.agency (name_key, id)

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_municipality_id_name_key_id on ia.agency (municipality_id, name_key, id)

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_search on ia.agency using gin (search)

-- squawk-ignore require-concurrent-index-deletion
drop index ia.ix_agency_created_at_id
"""

DOWN = """
create index ix_agency_created_at_id on ia.agency (created_at, id)

alter table ia.agency drop column name_key, drop column search

drop function ia.search_words(text, text)

drop function ia.name_key(text)
"""


def upgrade() -> None:
    """Create."""
    run(NAMES)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
