/* Made from the table in src/core/transition.c by `make update-docs`. */

#define CALL_RINGING 0
#define CALL_ACCEPTED 1
#define CALL_REJECTED 2
#define CALL_CANCELLED 3
#define CALL_TIMEOUT 4
#define CALL_ENDED 5
#define CALL_FAILED 6
#define CALL_STATES 7

#define CAUSE_NONE 0
#define CAUSE_DECLINED 1
#define CAUSE_BUSY 2
#define CAUSE_CANCELLED 3
#define CAUSE_CALLER_LOST 4
#define CAUSE_REPLACED 5
#define CAUSE_NO_ANSWER 6
#define CAUSE_UNREACHABLE 7
#define CAUSE_HANGUP 8
#define CAUSE_CONNECTION_LOST 9
#define CAUSE_MAX_DURATION 10
#define CAUSE_ADMIN 11
#define CAUSE_ANSWERED_ELSEWHERE 12
#define CAUSE_DECLINED_ELSEWHERE 13
#define CAUSE_SERVER_RESTART 14
#define CAUSE_NODE_LOST 15
#define CAUSE_MEDIA_FAILED 16
#define CAUSE_TOKEN_EXPIRED 17

#define HAPPENS_RING 0
#define HAPPENS_ACCEPT 1
#define HAPPENS_REJECT 2
#define HAPPENS_CANCEL 3
#define HAPPENS_PUSH 4
#define HAPPENS_RING_END 5
#define HAPPENS_CALLER_LOST 6
#define HAPPENS_REPLACE 7
#define HAPPENS_ADMIN_END 8
#define HAPPENS_SERVER_LOST 9
#define HAPPENS_SIGNAL 10
#define HAPPENS_UPDATE 11
#define HAPPENS_HANG_UP 12
#define HAPPENS_AWAY 13
#define HAPPENS_BACK 14
#define HAPPENS_DEVICE_LOST 15
#define HAPPENS_MAX_DURATION 16
#define HAPPENS_MEDIA_FAILED 17

#define ACTION_NOTE_RING 0
#define ACTION_PUSH 1
#define ACTION_ANSWER 2
#define ACTION_CLOSE 3
#define ACTION_PASS_ON 4
#define ACTION_NOTE_AWAY 5
#define ACTION_NOTE_BACK 6
#define NO_ACTION 7

/* Sets to, action and cause; action to NO_ACTION where the table has no row. */
inline transition(from, on)
{
    if
    :: from == CALL_RINGING && on == HAPPENS_RING -> to = CALL_RINGING; action = ACTION_NOTE_RING; cause = CAUSE_NONE
    :: from == CALL_RINGING && on == HAPPENS_ACCEPT -> to = CALL_ACCEPTED; action = ACTION_ANSWER; cause = CAUSE_NONE
    :: from == CALL_RINGING && on == HAPPENS_REJECT -> to = CALL_REJECTED; action = ACTION_CLOSE; cause = CAUSE_DECLINED
    :: from == CALL_RINGING && on == HAPPENS_CANCEL -> to = CALL_CANCELLED; action = ACTION_CLOSE; cause = CAUSE_CANCELLED
    :: from == CALL_RINGING && on == HAPPENS_PUSH -> to = CALL_RINGING; action = ACTION_PUSH; cause = CAUSE_NONE
    :: from == CALL_RINGING && on == HAPPENS_RING_END -> to = CALL_TIMEOUT; action = ACTION_CLOSE; cause = CAUSE_NO_ANSWER
    :: from == CALL_RINGING && on == HAPPENS_CALLER_LOST -> to = CALL_CANCELLED; action = ACTION_CLOSE; cause = CAUSE_CALLER_LOST
    :: from == CALL_RINGING && on == HAPPENS_REPLACE -> to = CALL_CANCELLED; action = ACTION_CLOSE; cause = CAUSE_REPLACED
    :: from == CALL_RINGING && on == HAPPENS_ADMIN_END -> to = CALL_CANCELLED; action = ACTION_CLOSE; cause = CAUSE_ADMIN
    :: from == CALL_RINGING && on == HAPPENS_SERVER_LOST -> to = CALL_FAILED; action = ACTION_CLOSE; cause = CAUSE_SERVER_RESTART
    :: from == CALL_ACCEPTED && on == HAPPENS_REPLACE -> to = CALL_ENDED; action = ACTION_CLOSE; cause = CAUSE_REPLACED
    :: from == CALL_ACCEPTED && on == HAPPENS_ADMIN_END -> to = CALL_ENDED; action = ACTION_CLOSE; cause = CAUSE_ADMIN
    :: from == CALL_ACCEPTED && on == HAPPENS_SERVER_LOST -> to = CALL_FAILED; action = ACTION_CLOSE; cause = CAUSE_SERVER_RESTART
    :: from == CALL_ACCEPTED && on == HAPPENS_SIGNAL -> to = CALL_ACCEPTED; action = ACTION_PASS_ON; cause = CAUSE_NONE
    :: from == CALL_ACCEPTED && on == HAPPENS_UPDATE -> to = CALL_ACCEPTED; action = ACTION_PASS_ON; cause = CAUSE_NONE
    :: from == CALL_ACCEPTED && on == HAPPENS_HANG_UP -> to = CALL_ENDED; action = ACTION_CLOSE; cause = CAUSE_HANGUP
    :: from == CALL_ACCEPTED && on == HAPPENS_AWAY -> to = CALL_ACCEPTED; action = ACTION_NOTE_AWAY; cause = CAUSE_NONE
    :: from == CALL_ACCEPTED && on == HAPPENS_BACK -> to = CALL_ACCEPTED; action = ACTION_NOTE_BACK; cause = CAUSE_NONE
    :: from == CALL_ACCEPTED && on == HAPPENS_DEVICE_LOST -> to = CALL_ENDED; action = ACTION_CLOSE; cause = CAUSE_CONNECTION_LOST
    :: from == CALL_ACCEPTED && on == HAPPENS_MAX_DURATION -> to = CALL_ENDED; action = ACTION_CLOSE; cause = CAUSE_MAX_DURATION
    :: from == CALL_ACCEPTED && on == HAPPENS_MEDIA_FAILED -> to = CALL_FAILED; action = ACTION_CLOSE; cause = CAUSE_MEDIA_FAILED
    :: else -> to = from; action = NO_ACTION; cause = CAUSE_NONE
    fi
}
