/* One call: the caller's device, two devices of the callee, the server with its timers and its store, the network between them, a
 * crash and a restart. README.md says what is in it and what is not; run.sh has Spin try everything that can happen, in any order.
 *
 * Each step of the server is one of the core's (src/core): an event in, messages and records out. Anybody who is registered may send
 * any request at any moment, whatever it knows; so requests that are late, lost, repeated or overtaken by others are all tried
 * without a queue of requests. What the server says waits in an inbox and is heard in any order, or never. */

#include "table.pml"
#include "contract.pml"

#ifndef CUTS
#define CUTS 1       /* connections that are lost */
#endif
#ifndef CRASHES
#define CRASHES 1    /* of the server */
#endif
#ifndef QUITS
#define QUITS 0      /* devices that unregister */
#endif
#ifndef INBOX
#define INBOX 3      /* messages on their way to one device */
#endif
#ifndef CALLEES
#define CALLEES 2    /* devices of the callee */
#endif

#define DEVICES (CALLEES + 1)
#define CALLER 0                  /* its device; those of the callee follow */
#define LAST CALLEES
#define STRANGER (DEVICES)        /* a registered device of somebody else */
#define NOBODY (DEVICES + 1)
#define IS_CALLEE(d) ((d) > CALLER && (d) <= LAST)

/* More than a call's revision can be: after a crash the server adds it (a thousand, in the code). */
#define RECOVERED_REVS 16

#define NOTHING 255  /* happens: the request is refused, or repeats another */

#define NO_LEG 0
#define CALLING 1
#define RINGING 2
#define IN_CALL 3

#define OFF 0        /* of a client: it has no connection and will make one */
#define ON 1
#define DEAD 2       /* switched off for good */

/* --- what there is --- */

/* The server's memory. */
bool up = true;
byte st = NO_CALL, rev;
byte leg[DEVICES];
bool at[DEVICES];              /* it has an address, as far as the server knows */
bool alerts[DEVICES];          /* it said call:ringing; of interest until the push */
bool is_alerting, was_rung, was_pushed, has_early_end;
byte answering = NOBODY;
byte due;                      /* the timers that run */
bool is_timer_asleep = true;   /* its thread found nothing due and waits until somebody wakes it */

/* The store, what waits for it, and the replies that wait for that. */
byte db = NO_CALL, db_rev;
chan journal = [4] of { byte, byte };
bool owes[DEVICES];
byte owed[DEVICES], owed_rev[DEVICES];

/* The network. */
bool link[DEVICES];            /* what is sent arrives */
bool late_end[DEVICES];        /* the end of a connection that another one replaced is still to come */
chan inbox[DEVICES] = [INBOX] of { byte, byte };
byte cuts, crashes, quits;

/* The clients: what they know. */
byte conn[DEVICES] = OFF;
byte view[DEVICES] = NO_CALL, view_rev[DEVICES];
bool has_dialled;

/* What only the properties look at: what each device was told last; that its leg had its closing event; the latest reply that said
 * durable; whether the backend has been asked to wake the callee. */
byte told[DEVICES] = NO_CALL, told_rev[DEVICES];
bool is_shut[DEVICES];
byte sure = NO_CALL, sure_rev;
bool is_pushing;

/* Between the parts of one step; 0 otherwise. */
byte heard, heard_rev, who, happens = NOTHING, why = CAUSE_NONE;
bool is_leaving;
/* Within one part. */
hidden byte to, action, cause, i, n;
hidden byte from_state, from_rev;
hidden byte was_open[DEVICES];
hidden byte was_away, was_alerting;

#define HAS_ROOM(d) (!link[d] || len(inbox[d]) + 2 <= INBOX)
#if CALLEES == 2
#define CAN_STEP (up && HAS_ROOM(0) && HAS_ROOM(1) && HAS_ROOM(2))
#else
#define CAN_STEP (up && HAS_ROOM(0) && HAS_ROOM(1))
#endif

/* --- timers: src/core/calls.c, find_due(), call_reschedule() --- */

#define DUE_RING_END 1
#define DUE_UNREACHED 2
#define DUE_CALLER_LOST 4
#define DUE_PUSH 8
#define DUE_DEVICE_LOST 16
#define DUE_MAX_DURATION 32

#if CALLEES == 2
#define RINGS_SOMEWHERE (leg[1] == RINGING || leg[2] == RINGING)
#define MAY_SLEEP (!alerts[1] && !alerts[2])
#define IS_SOMEBODY_AWAY ((leg[0] == IN_CALL && !at[0]) || (leg[1] == IN_CALL && !at[1]) || (leg[2] == IN_CALL && !at[2]))
#else
#define RINGS_SOMEWHERE (leg[1] == RINGING)
#define MAY_SLEEP (!alerts[1])
#define IS_SOMEBODY_AWAY ((leg[0] == IN_CALL && !at[0]) || (leg[1] == IN_CALL && !at[1]))
#endif

#ifdef ENDLESS
#define MAX_DURATION 0
#else
#define MAX_DURATION DUE_MAX_DURATION
#endif

#define DUE_WHILE_RINGING \
    (DUE_RING_END + (was_rung -> 0 : DUE_UNREACHED) + (at[CALLER] -> 0 : DUE_CALLER_LOST) + (!was_pushed && MAY_SLEEP -> DUE_PUSH : 0))
#define DUE_WHILE_ACCEPTED \
    (MAX_DURATION + (IS_SOMEBODY_AWAY -> DUE_DEVICE_LOST : 0))
#define FIND_DUE (st == CALL_RINGING -> DUE_WHILE_RINGING : (st == CALL_ACCEPTED -> DUE_WHILE_ACCEPTED : 0))

inline reschedule()
{
    due = FIND_DUE
}

/* service.c, wake_timer(): after each step that was not the timer's own, which looks anew by itself. With nothing due it sleeps at
 * once: that is when it may oversleep. */
inline wake_timer()
{
    is_timer_asleep = due == 0
}

/* --- what is said to devices --- */

/* Nothing after a closing event; the revision never falls, and grows with whatever is new. */
inline say(d, status, is_closing)
{
    if
    :: at[d] ->
        assert(!is_shut[d]);
        assert(rev > told_rev[d] || (rev == told_rev[d] && status == told[d]));
        told[d] = status;
        told_rev[d] = rev;
        is_shut[d] = is_closing;
        if
        :: link[d] -> inbox[d]!status,rev
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline owe(d, status, revision)
{
    owes[d] = true;
    owed[d] = status;
    owed_rev[d] = revision
}

/* Into the store, some time. When no crash is to come it makes no difference when, so it is at once. */
#define MAY_CRASH (crashes < CRASHES)

inline keep()
{
    if
    :: MAY_CRASH -> journal!st,rev
    :: else -> db = st; db_rev = rev
    fi
}

/* --- what can happen to a call: src/core/calls.c, one for each action of the table --- */

inline stop_push()
{
    is_pushing = false
}

inline note_ring(d)
{
    if
    :: leg[d] == RINGING -> alerts[d] = !was_pushed
    :: else -> skip
    fi;
    if
    :: !is_alerting ->
        is_alerting = true;
        rev++;
        say(CALLER, CALL_RINGING, false)
    :: else -> skip
    fi
}

inline push()
{
    assert(!was_pushed && st == CALL_RINGING);
    was_pushed = true;
    is_pushing = true;
    for (i : 1 .. LAST) {
        alerts[i] = false
    }
}

inline stop_siblings(d)
{
    for (i : 1 .. LAST) {
        if
        :: i != d && leg[i] != NO_LEG ->
            say(i, ELSEWHERE, true);
            leg[i] = NO_LEG
        :: else -> skip
        fi;
        alerts[i] = false
    }
}

inline answer(d)
{
    st = to;
    rev++;
    answering = d;
    say(CALLER, CALL_ACCEPTED, false);
    stop_siblings(d);
    leg[CALLER] = IN_CALL;
    leg[d] = IN_CALL;
    keep();
    stop_push();
    if
    :: !at[CALLER] -> say(d, CALL_ACCEPTED, false)
    :: else -> skip
    fi
}

/* call:signal and call:update are not queued: they tell a client nothing of the call's state. */
inline pass_on(d)
{
    for (i : 0 .. LAST) {
        if
        :: i != d && leg[i] == IN_CALL && at[i] -> assert(!is_shut[i] && rev == told_rev[i] || owes[i] || i == answering)
        :: else -> skip
        fi
    }
}

inline note_presence(d)
{
    rev++;
    for (i : 0 .. LAST) {
        if
        :: i != d && leg[i] == IN_CALL ->
            say(i, CALL_ACCEPTED, false);
            if
            :: at[d] && !at[i] -> say(d, CALL_ACCEPTED, false)
            :: else -> skip
            fi
        :: else -> skip
        fi
    }
}

inline tell_open_legs(by)
{
    for (i : 0 .. LAST) {
        if
        :: leg[i] != NO_LEG && i != by -> say(i, st, true)
        :: else -> skip
        fi
    }
}

inline forget_legs()
{
    for (i : 0 .. LAST) {
        leg[i] = NO_LEG;
        alerts[i] = false
    }
    is_alerting = false;
    was_rung = false;
    was_pushed = false;
    answering = NOBODY
}

inline close_call(by, given)
{
    cause = (given != CAUSE_NONE -> given : cause);
    assert(IS_CAUSE_OF(to, cause));
    st = to;
    rev++;
    tell_open_legs(by);
    if
    :: by <= LAST -> is_shut[by] = true
    :: else -> skip
    fi;
    forget_legs();
    stop_push();
    keep()
}

/* --- what each of them must have done --- */

inline look_before()
{
    from_state = st;
    from_rev = rev;
    was_alerting = is_alerting;
    for (i : 0 .. LAST) {
        was_open[i] = leg[i] != NO_LEG
    }
}

/* Each leg that is not open any more: its device had exactly one closing event (say() sees to the most), or is away and learns it from
 * its snapshot; whose own request it was had none, for its reply says it. */
inline check_legs(by)
{
    for (i : 0 .. LAST) {
        assert(!was_open[i] || leg[i] != NO_LEG || is_shut[i] || !at[i]);
        assert(!was_open[i] || leg[i] != NO_LEG || i != by || told_rev[i] < rev)
    }
}

inline check_step(what, by)
{
    assert(by != STRANGER || action == NO_ACTION);
    assert(action == NO_ACTION || st == LEADS_TO(from_state, what));
    assert(action != NO_ACTION || (st == from_state && rev == from_rev));
    assert(st == from_state || rev == from_rev + 1);
    assert(rev < RECOVERED_REVS);
    assert(what != HAPPENS_PUSH || action == NO_ACTION || was_pushed);
    assert((what != HAPPENS_SIGNAL && what != HAPPENS_UPDATE) || action == NO_ACTION || (by <= LAST && leg[by] == IN_CALL && rev == from_rev));
    assert(what != HAPPENS_RING || action == NO_ACTION || rev == from_rev + (was_alerting -> 0 : 1));
    assert((what != HAPPENS_AWAY && what != HAPPENS_BACK) || rev == from_rev + 1);
    assert(what != HAPPENS_ACCEPT || action == NO_ACTION || IS_CALLEE(by));
    assert(what != HAPPENS_REJECT || action == NO_ACTION || by != CALLER);
    assert(what != HAPPENS_CANCEL || action == NO_ACTION || by == CALLER || by == NOBODY);
    check_legs(by)
}

/* call_apply(). `by`: whose own request it is, its reply tells it; `d`: the device that it is about. */
inline apply(what, by, d, given)
{
    look_before();
    transition(st, what);
    assert(IS_ROW_RIGHT(st, what));
    if
    :: action == ACTION_NOTE_RING -> note_ring(d)
    :: action == ACTION_PUSH -> push()
    :: action == ACTION_ANSWER -> answer(d)
    :: action == ACTION_PASS_ON -> pass_on(d)
    :: action == ACTION_NOTE_AWAY || action == ACTION_NOTE_BACK -> note_presence(d)
    :: action == ACTION_CLOSE -> close_call(by, given)
    :: else -> skip
    fi;
    if
    :: action != NO_ACTION -> reschedule()
    :: else -> skip
    fi;
    check_step(what, by)
}

/* --- requests: src/core/on_*.c. Each is sent by `d` and handled at once; see above --- */

#define IS_KNOWN (st != NO_CALL || db != NO_CALL)
#define IS_PARTY(d) (d != STRANGER)

inline announce(d)
{
    leg[d] = RINGING;
    was_rung = true;
    say(d, CALL_RINGING, false)
}

inline announce_to_all()
{
    for (n : 1 .. LAST) {
        if
        :: at[n] -> announce(n)
        :: else -> skip
        fi
    }
}

/* The reply that confirms what `d` did; call:ringing and call:signal never wait for the store. */
inline confirm(d, what)
{
    if
    :: action != NO_ACTION && d <= LAST && what != HAPPENS_RING && what != HAPPENS_SIGNAL && what != HAPPENS_UPDATE -> owe(d, st, rev)
    :: else -> skip
    fi
}

inline create()
{
    st = CALL_RINGING;
    rev = 1;
    leg[CALLER] = CALLING;
    told[CALLER] = CALL_RINGING;
    told_rev[CALLER] = 1;
    keep()
}

inline initiate()
{
    create();
    announce_to_all();
    if
    :: !RINGS_SOMEWHERE -> push()
    :: else -> skip
    fi;
    reschedule();
    owe(CALLER, CALL_RINGING, 1)
}

/* What each request means for the call: the first half of its on_*.c. */
#define RINGING_MEANS(d) (IS_CALLEE(d) -> HAPPENS_RING : NOTHING)
#define ACCEPT_MEANS(d) (IS_CALLEE(d) && !(st == CALL_ACCEPTED && answering == d) -> HAPPENS_ACCEPT : NOTHING)
#define REJECT_MEANS(d) (IS_CALLEE(d) -> HAPPENS_REJECT : NOTHING)
#define LIVE_END_MEANS(is_caller) (st != CALL_RINGING -> HAPPENS_HANG_UP : (is_caller -> HAPPENS_CANCEL : HAPPENS_REJECT))
#define END_MEANS(d) (IS_PARTY(d) -> LIVE_END_MEANS(d == CALLER) : NOTHING)
#define SIGNAL_MEANS(d, what) (IS_PARTY(d) && leg[d] == IN_CALL -> what : NOTHING)
#define LEAVE_MEANS(d) (leg[d] == CALLING -> HAPPENS_CANCEL : (leg[d] == IN_CALL -> HAPPENS_HANG_UP : NOTHING))

inline flush(d)
{
    do
    :: len(inbox[d]) > 0 -> inbox[d]?_,_
    :: else -> break
    od
}

/* What a client knows when it has no calls. */
inline know_nothing(d)
{
    view[d] = NO_CALL;
    view_rev[d] = 0;
    if
    :: d == CALLER -> has_dialled = false
    :: else -> skip
    fi
}

/* By will: the device is gone, and what it had of its own is closed. The client knows. */
inline leave(d)
{
    if
    :: leg[d] == RINGING ->
        leg[d] = NO_LEG;
        alerts[d] = false;
        reschedule()
    :: else -> skip
    fi;
    at[d] = false;
    link[d] = false;
    owes[d] = false;
    flush(d);
    know_nothing(d);
    conn[d] = OFF;
    quits++
}

/* A step that nothing is left of but its effects. */
inline finish()
{
    wake_timer();
    who = 0;
    happens = NOTHING;
    why = CAUSE_NONE;
    is_leaving = false
}

/* --- presence: src/core/presence.c, on_register.c --- */

inline lose_device(d)
{
    at[d] = false;
    owes[d] = false;
    if
    :: leg[d] == RINGING ->
        leg[d] = NO_LEG;
        alerts[d] = false;
        reschedule()
    :: leg[d] == CALLING -> reschedule()
    :: leg[d] == IN_CALL -> apply(HAPPENS_AWAY, NOBODY, d, CAUSE_NONE)
    :: else -> skip
    fi
}

inline resume_calls(d)
{
    if
    :: was_away && leg[d] == IN_CALL -> apply(HAPPENS_BACK, NOBODY, d, CAUSE_NONE)
    :: was_away && leg[d] == CALLING -> reschedule()
    :: else -> skip
    fi
}

/* A registration on a new connection; if the server still believes in the older one, it is taken over from. */
inline arrive(d)
{
    was_away = leg[d] != NO_LEG && !at[d];
    late_end[d] = late_end[d] || at[d];
    at[d] = true;
    link[d] = true;
    owes[d] = false;
    flush(d);
    resume_calls(d);
    if
    :: IS_CALLEE(d) && st == CALL_RINGING ->
        announce(d);
        reschedule()
    :: else -> skip
    fi
}

/* What its reply lists: live, ended a while ago, or as the store has it. */
inline snapshot(d)
{
    if
    :: st == CALL_ACCEPTED && IS_CALLEE(d) && d != answering -> heard = ELSEWHERE; heard_rev = rev
    :: st != NO_CALL && !(st == CALL_ACCEPTED && IS_CALLEE(d) && d != answering) -> heard = st; heard_rev = rev
    :: else -> heard = db; heard_rev = db_rev
    fi;
    /* Whatever it was told before is not newer. */
    assert(heard == NO_CALL || heard_rev > told_rev[d] || (heard_rev == told_rev[d] && heard == told[d]));
    if
    :: heard != NO_CALL -> told[d] = heard; told_rev[d] = heard_rev
    :: else -> skip
    fi
}

/* --- clients --- */

/* A final status beats any live one, and of what is live the highest revision counts. */
inline hear(d)
{
    if
    :: IS_FINAL(view[d]) || view[d] == ELSEWHERE -> skip
    :: else ->
        if
        :: !IS_LIVE(heard) -> view[d] = heard; view_rev[d] = 0
        :: IS_LIVE(heard) && heard_rev >= view_rev[d] -> view[d] = heard; view_rev[d] = heard_rev
        :: else -> skip
        fi
    fi;
    heard = 0;
    heard_rev = 0
}

/* A complete snapshot is the truth; what it does not list is over. Whoever was told of a call finds it, unless the server was killed
 * before it had stored it. */
inline hear_snapshot(d)
{
    if
    :: heard == NO_CALL ->
        assert(told_rev[d] == 0);
        know_nothing(d)
    :: else ->
        view[d] = heard;
        view_rev[d] = (IS_LIVE(heard) -> heard_rev : 0)
    fi;
    heard = 0;
    heard_rev = 0
}

/* One of the messages that have arrived: the first, or one that has overtaken it. */
inline take_first(d)
{
    inbox[d]?heard,heard_rev;
    hear(d)
}

inline take_second(d)
{
    inbox[d]?i,n;
    inbox[d]?heard,heard_rev;
    inbox[d]!i,n;
    hear(d)
}

inline register(d)
{
    atomic {
        conn[d] == OFF && CAN_STEP ->
        d_step {
            arrive(d);
            snapshot(d);
            wake_timer()
        }
        if
        :: d_step { hear_snapshot(d); conn[d] = ON }
        :: d_step { cuts < CUTS -> flush(d); link[d] = false; cuts++ }    /* the reply is lost */
        fi
    }
}

proctype Client(byte d)
{
end:
    do
    :: d_step { len(inbox[d]) > 0 -> take_first(d) }
    :: d_step { len(inbox[d]) > 1 -> take_second(d) }
    :: d_step { conn[d] == ON && !link[d] -> flush(d); conn[d] = OFF }
    :: register(d)
#ifdef MORTAL
    :: d_step { conn[d] == OFF && !at[d] -> know_nothing(d); conn[d] = DEAD }
#endif
    :: d_step { d == CALLER && conn[d] == ON && view[d] == NO_CALL && !has_dialled ->
        has_dialled = true; view[d] = CALL_RINGING }
    /* The request arrives, unless the connection goes first; a repeat of it changes nothing. Its end may have been faster, or the
     * callee be busy: then it is made and closed in one step, and nobody's phone rings. */
    :: atomic { d == CALLER && has_dialled && at[d] && !IS_KNOWN && CAN_STEP ->
        if
        :: has_early_end -> happens = HAPPENS_CANCEL; who = CALLER
        :: !has_early_end -> happens = HAPPENS_REJECT; why = CAUSE_BUSY; who = NOBODY
        :: !has_early_end
        fi;
        d_step {
            has_early_end = false;
            if
            :: happens == NOTHING -> initiate()
            :: else ->
                create();
                apply(happens, who, CALLER, why);
                confirm(CALLER, happens)
            fi;
            finish()
        } }
    od
}

/* Anybody who is registered may ask for anything. */
#define MAY_ASK (who == STRANGER || at[who])
#define MAY_LEAVE (quits < QUITS && who <= LAST && at[who] && conn[who] == ON && link[who])

proctype Requests()
{
end:
    do
    :: atomic { CAN_STEP ->
        if
        :: who = CALLER
        :: who = 1
#if CALLEES == 2
        :: who = 2
#endif
        :: who = STRANGER
        fi;
        if
        :: MAY_ASK && IS_KNOWN -> happens = RINGING_MEANS(who)
        :: MAY_ASK && IS_KNOWN -> happens = ACCEPT_MEANS(who)
        :: MAY_ASK && IS_KNOWN -> happens = REJECT_MEANS(who)
        :: MAY_ASK && IS_KNOWN -> happens = END_MEANS(who)
        :: MAY_ASK && IS_KNOWN -> happens = SIGNAL_MEANS(who, HAPPENS_SIGNAL)
        :: MAY_ASK && IS_KNOWN -> happens = SIGNAL_MEANS(who, HAPPENS_UPDATE)
        :: who == CALLER && at[who] && IS_KNOWN -> happens = HAPPENS_REPLACE
        /* The end of a call that is not there yet. */
        :: who == CALLER && at[who] && !IS_KNOWN -> has_early_end = true
        :: MAY_LEAVE -> happens = LEAVE_MEANS(who); is_leaving = true
        :: else
        fi;
        d_step {
            if
            :: happens != NOTHING ->
                apply(happens, who, who, CAUSE_NONE);
                confirm(who, happens)
            :: else -> skip
            fi;
            if
            :: is_leaving -> leave(who)
            :: else -> skip
            fi;
            finish()
        } }
    od
}

/* The backend for either party, an operator, the media. */
proctype Others()
{
end:
    do
    :: atomic { CAN_STEP && IS_KNOWN ->
        if
        :: happens = HAPPENS_REJECT
        :: happens = LIVE_END_MEANS(true)
        :: happens = HAPPENS_ADMIN_END
        :: happens = HAPPENS_MEDIA_FAILED
        fi;
        d_step {
            apply(happens, NOBODY, NOBODY, CAUSE_NONE);
            finish()
        } }
    od
}

/* --- the server's own threads --- */

/* What runs is due some time, in any order: the times themselves are not in the model. */
proctype Timer()
{
end:
    do
    :: atomic { CAN_STEP && due != 0 && !is_timer_asleep ->
        if
        :: due & DUE_RING_END -> happens = HAPPENS_RING_END; why = (was_rung -> CAUSE_NO_ANSWER : CAUSE_UNREACHABLE)
        :: due & DUE_UNREACHED -> happens = HAPPENS_RING_END; why = CAUSE_UNREACHABLE
        :: due & DUE_CALLER_LOST -> happens = HAPPENS_CALLER_LOST
        :: due & DUE_PUSH -> happens = HAPPENS_PUSH
        :: due & DUE_DEVICE_LOST -> happens = HAPPENS_DEVICE_LOST
        :: due & DUE_MAX_DURATION -> happens = HAPPENS_MAX_DURATION
        fi;
        d_step {
            apply(happens, NOBODY, NOBODY, why);
            finish();
            is_timer_asleep = due == 0
        } }
    od
}

/* Records are committed in order. A reply goes out when what it confirms is, or without that promise. */
inline commit()
{
    assert(!IS_FINAL(db));
    journal?db,db_rev
}

inline reply(d)
{
    owes[d] = false;
    if
    :: MAY_CRASH && db != NO_CALL && db_rev >= owed_rev[d] && owed_rev[d] > sure_rev -> sure = owed[d]; sure_rev = owed_rev[d]
    :: else -> skip
    fi;
    if
    :: link[d] -> inbox[d]!owed[d],owed_rev[d]
    :: else -> skip
    fi;
    owed[d] = 0;
    owed_rev[d] = 0
}

proctype Writer()
{
end:
    do
    :: d_step { up && len(journal) > 0 -> commit() }
    :: d_step { up && owes[0] && len(inbox[0]) < INBOX -> reply(0) }
    :: d_step { up && owes[1] && len(inbox[1]) < INBOX -> reply(1) }
#if CALLEES == 2
    :: d_step { up && owes[2] && len(inbox[2]) < INBOX -> reply(2) }
#endif
    od
}

/* --- the network, and the server's end --- */

/* Nothing live is left over, what ended is there, and so is what was promised. */
#define IS_STORE_RIGHT \
    ((!up || st != NO_CALL || !IS_LIVE(db)) && \
     (!up || st == NO_CALL || len(journal) > 0 || db == st) && \
     (sure_rev == 0 || (db_rev >= sure_rev && (!IS_FINAL(sure) || db == sure))))


proctype Network()
{
end:
    do
    :: d_step { cuts < CUTS && link[0] -> link[0] = false; cuts++ }
    :: d_step { cuts < CUTS && link[1] -> link[1] = false; cuts++ }
#if CALLEES == 2
    :: d_step { cuts < CUTS && link[2] -> link[2] = false; cuts++ }
#endif
    :: d_step { cuts < CUTS -> cuts = CUTS }
    od
}

/* The server finds out that a connection is gone: at once, late, or after the next one came (on_gone.c). */
proctype Gone(byte d)
{
end:
    do
    :: d_step { CAN_STEP && at[d] && !link[d] -> lose_device(d); wake_timer() }
    :: d_step { up && late_end[d] -> late_end[d] = false }
    od
}

inline forget_memory()
{
    st = NO_CALL;
    rev = 0;
    due = 0;
    has_early_end = false;
    is_timer_asleep = true;
    is_pushing = false;
    forget_legs();
    for (i : 0 .. LAST) {
        at[i] = false;
        link[i] = false;
        late_end[i] = false;
        owes[i] = false;
        owed[i] = 0;
        owed_rev[i] = 0
    }
    do
    :: len(journal) > 0 -> journal?_,_
    :: else -> break
    od
}

/* A call that the store never had is as if it had not been. */
inline forget_what_was_told()
{
    if
    :: db == NO_CALL ->
        for (i : 0 .. LAST) {
            told[i] = NO_CALL;
            told_rev[i] = 0;
            is_shut[i] = false
        }
    :: else -> skip
    fi
}

/* store/listing.c, record_recovered(). */
inline recover()
{
    if
    :: IS_LIVE(db) ->
        transition(db, HAPPENS_SERVER_LOST);
        assert(IS_ROW_RIGHT(db, HAPPENS_SERVER_LOST) && IS_CAUSE_OF(to, cause));
        db = to;
        db_rev = db_rev + RECOVERED_REVS
    :: else -> skip
    fi
}

inline store_all()
{
    do
    :: len(journal) > 0 -> journal?db,db_rev
    :: else -> break
    od
}

/* Only a crash can break what was promised, and none is to come. */
inline forget_sure()
{
    sure = NO_CALL;
    sure_rev = 0
}

proctype Power()
{
end:
    do
    :: d_step { up && MAY_CRASH -> forget_memory(); forget_what_was_told(); crashes++; up = false }
#ifdef LIVENESS
    :: d_step { up && MAY_CRASH -> skip }    /* it need not be */
#else
    :: d_step { up && MAY_CRASH -> store_all(); forget_sure(); crashes = CRASHES }
#endif
    :: d_step { !up -> recover();
        up = true;
        assert(IS_STORE_RIGHT);
        if
        :: !MAY_CRASH -> forget_sure()
        :: else -> skip
        fi;
        i = 0 }
    od
}

/* --- what must always hold --- */

/* Nothing is on its way to this device, and both sides know each other. */
#define IS_QUIET(d) (up && at[d] && link[d] && conn[d] == ON && len(inbox[d]) == 0 && !owes[d])
/* Who has a connection and was not told otherwise is registered. */
#define IS_REGISTERED(d) (!up || conn[d] != ON || !link[d] || at[d])
#define IS_DIALLING(d) (d == CALLER && has_dialled && !IS_KNOWN)

/* A device believes that a call lives if and only if it has a leg, and in the leg's state. */
#define IS_TOLD(d) \
    (IS_REGISTERED(d) && (!IS_QUIET(d) || IS_DIALLING(d) || \
     (leg[d] == NO_LEG -> !IS_LIVE(view[d]) : view[d] == (leg[d] == IN_CALL -> CALL_ACCEPTED : CALL_RINGING))))

#define ARE_LEGS_RIGHT \
    ((st != CALL_RINGING || leg[CALLER] == CALLING) && \
     (st != CALL_ACCEPTED || (leg[CALLER] == IN_CALL && IS_CALLEE(answering) && leg[answering] == IN_CALL)) && \
     (IS_LIVE(st) || (leg[CALLER] == NO_LEG && !RINGS_SOMEWHERE)) && \
     (st == CALL_RINGING || !RINGS_SOMEWHERE) && \
     (leg[1] != RINGING || at[1]) && (leg[LAST] != RINGING || at[LAST]))

#define ARE_TIMERS_RIGHT (due == FIND_DUE && !(is_timer_asleep && due != 0))
#define IS_PUSH_RIGHT (!is_pushing || st == CALL_RINGING)

#define IS_ALL_RIGHT \
    (IS_TOLD(0) && IS_TOLD(1) && IS_TOLD(LAST) && ARE_LEGS_RIGHT && IS_STORE_RIGHT && ARE_TIMERS_RIGHT && IS_PUSH_RIGHT)

#ifndef LIVENESS
active proctype Watch()
{
end:
    d_step { !IS_ALL_RIGHT ->
        assert(IS_TOLD(0));
        assert(IS_TOLD(1));
        assert(IS_TOLD(LAST));
        assert(ARE_LEGS_RIGHT);
        assert(IS_STORE_RIGHT);
        assert(ARE_TIMERS_RIGHT);
        assert(IS_PUSH_RIGHT) }
}
#endif

init {
    atomic {
        run Client(0);
        run Client(1);
        run Gone(0);
        run Gone(1);
#if CALLEES == 2
        run Client(2);
        run Gone(2);
#endif
        run Requests();
        run Others();
        run Timer();
        run Writer();
        run Network();
        run Power()
    }
}

/* --- what must happen some day, if everybody who can do something does it --- */

#ifdef LIVENESS
/* Every ring ends, also the one that a crash left in the store. */
ltl ring { [] ((st == CALL_RINGING) -> <> (st != CALL_RINGING)) }
ltl stored { [] ((db == CALL_RINGING) -> <> (db != CALL_RINGING)) }
/* No phone rings for ever, no caller waits for ever. */
ltl phone { [] ((view[1] == CALL_RINGING) -> <> (view[1] != CALL_RINGING)) }
ltl caller { [] ((view[0] == CALL_RINGING) -> <> (view[0] != CALL_RINGING)) }
/* A device that stays away holds no call. */
ltl away { [] ((leg[0] == IN_CALL && !at[0]) -> <> (leg[0] != IN_CALL || at[0])) }
/* Who asked is answered, and what happened is stored. */
ltl written { [] (IS_FINAL(st) -> <> (db == st || !up)) }
ltl answered { [] (owes[1] -> <> !owes[1]) }
#endif
