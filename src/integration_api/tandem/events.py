"""Events of tandem cases that no drawing names."""

EVENTS = {
    "tandem_case.opened": "A tandem case was opened with both tracks.",
    "tandem_case.acknowledged": "A team has taken note of it.",
    "tandem_case.blocker_flagged": "A team has said what stands in the way.",
    "tandem_case.blocker_cleared": "What stood in the way is gone.",
    "tandem_case.closed": "A team has closed it; with the second it is closed.",
    "tandem_case.closed_in_place": "The lead has closed for a team that has no access any more.",
    "tandem_case.reopened": "A closing was taken back.",
    "tandem_case.access_changed": "What a party may see or do in a tandem case has changed.",
    "tandem_case.access_revoked": "A team may not see a tandem case any more.",
    "employer_declaration.recorded": "A draft of a declaration was recorded.",
    "employer_declaration.changed": "A draft of a declaration was changed.",
    "ba_approval_request.drafted": "A request to the employment agency was drafted.",
    "tandem_procedure.recorded": "A procedure or its result was recorded.",
    "start_clearance.issued": "The start of work was cleared.",
    "start_clearance.invalidated": "A clearance ended, for a coded reason.",
}
