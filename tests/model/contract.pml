/* What sections 4 and 5 of docs/protocol.md say of states and causes, by hand: the table is held against it. */

#define NO_CALL (CALL_STATES)         /* this server knows of none */
#define ELSEWHERE (CALL_STATES + 1)   /* what a sibling is told at the accept: its leg is closed, the call lives */

#define IS_LIVE(s) ((s) == CALL_RINGING || (s) == CALL_ACCEPTED)
#define IS_FINAL(s) ((s) > CALL_ACCEPTED && (s) < CALL_STATES)

/* Where a happening leads; NO_CALL: nowhere, it is refused. */
#define RINGING_LEADS_TO(on) \
    (on == HAPPENS_RING || on == HAPPENS_PUSH -> CALL_RINGING : \
    (on == HAPPENS_ACCEPT -> CALL_ACCEPTED : \
    (on == HAPPENS_REJECT -> CALL_REJECTED : \
    (on == HAPPENS_CANCEL || on == HAPPENS_CALLER_LOST || on == HAPPENS_REPLACE || on == HAPPENS_ADMIN_END -> CALL_CANCELLED : \
    (on == HAPPENS_RING_END -> CALL_TIMEOUT : \
    (on == HAPPENS_SERVER_LOST -> CALL_FAILED : NO_CALL))))))
#define ACCEPTED_LEADS_TO(on) \
    (on == HAPPENS_SIGNAL || on == HAPPENS_UPDATE || on == HAPPENS_AWAY || on == HAPPENS_BACK -> CALL_ACCEPTED : \
    (on == HAPPENS_HANG_UP || on == HAPPENS_DEVICE_LOST || on == HAPPENS_MAX_DURATION || on == HAPPENS_REPLACE || \
     on == HAPPENS_ADMIN_END -> CALL_ENDED : \
    (on == HAPPENS_MEDIA_FAILED || on == HAPPENS_SERVER_LOST -> CALL_FAILED : NO_CALL)))
#define LEADS_TO(from, on) \
    (from == CALL_RINGING -> RINGING_LEADS_TO(on) : (from == CALL_ACCEPTED -> ACCEPTED_LEADS_TO(on) : NO_CALL))

/* The row that transition() found is the protocol's. */
#define IS_ROW_RIGHT(from, on) \
    (action == NO_ACTION -> LEADS_TO(from, on) == NO_CALL : to == LEADS_TO(from, on))

/* Which causes go with which final state. */
#define IS_CAUSE_OF(s, c) \
    (s == CALL_REJECTED -> c == CAUSE_DECLINED || c == CAUSE_BUSY : \
    (s == CALL_CANCELLED -> c == CAUSE_CANCELLED || c == CAUSE_CALLER_LOST || c == CAUSE_REPLACED || c == CAUSE_ADMIN : \
    (s == CALL_TIMEOUT -> c == CAUSE_NO_ANSWER || c == CAUSE_UNREACHABLE : \
    (s == CALL_ENDED -> c == CAUSE_HANGUP || c == CAUSE_CONNECTION_LOST || c == CAUSE_MAX_DURATION || c == CAUSE_REPLACED || \
                        c == CAUSE_ADMIN : \
    (s == CALL_FAILED -> c == CAUSE_SERVER_RESTART || c == CAUSE_MEDIA_FAILED : false)))))
