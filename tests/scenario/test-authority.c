/* Who may do what: each state of a call x each request x each role of the sender. The tables below
 * are the protocol's (docs/protocol.md, sections 1, 2, 4, 7 and 8), not the code's; every cell is a
 * test of its own. It holds the reply against the table, and who hears of it: an event to anybody
 * else fails, and what is refused leaves no trace in what the hub knows of the two parties.
 *
 * The cast: alice calls bob from her phone; her watch is there too. Bob's phone and tablet ring, his
 * desk phone came too late to be rung. Bob's phone is the one that answers. Eve is somebody else. */
#include <string.h>

#include "../lib/sim.h"

/* --- the columns --- */

typedef struct {
    const char *name; /* of the role */
    const char *who;  /* as a trace has it */
    const char *user;
} Role;

static const Role roles[] = {
    {"the calling device", "alice/phone", "alice"},
    {"the caller's other device", "alice/watch", "alice"},
    {"the ringing device that answers", "bob/phone", "bob"},
    {"another ringing device", "bob/tablet", "bob"},
    {"a device of the callee that nobody rang", "bob/desk", "bob"},
    {"another user", "eve", "eve"},
    {"a handle that is not registered", "nobody", NULL},
    {"the backend for the caller", "@alice/phone", "alice"},
    {"the backend for the callee", "@bob/phone", "bob"},
    {"the backend for another user", "@eve/main", "eve"},
    {"an operator", "operator", NULL},
};

/* --- the words of the cells --- */

/* Nothing happens. What the reply says of the call is what the asker may see of it. */
typedef struct {
    const char *word;
    const char *reply; /* words of a trace */
    gboolean shows_call;
    const char *means;
} Quiet;

static const Quiet quiet[] = {
    {"400", "400 invalid_request !callId !status", FALSE, "malformed, a field is missing"},
    {"401", "401 not_registered !callId !status", FALSE, "must register first"},
    {"expired", "401 token_expired !callId !status", FALSE, "must register with a fresh token"},
    {"403", "403 forbidden", TRUE, "forbidden"},
    {"404", "404 call_not_found !callId !status !cause !rev !record", FALSE,
     "there is no such call"},
    {"409", "409 wrong_state", TRUE, "not in this state"},
    {"410", "410 call_over", TRUE, "the call is over"},
    {"apart", "409 wrong_state !callId !status !cause !rev", FALSE, "media has handles of its own"},
    {"token?", "401 unauthorized !callId !status !cause !rev", FALSE,
     "whoever has no token of this call is nobody"},
    {"none", "404 unknown_request !callId !status", FALSE, "there is no such request"},
    {"taken", "409 id_in_use", TRUE, "that id is another call's of yours"},
    {"choose", "409 id_in_use !callId !status !cause !rev", FALSE, "choose another id"},
    {"self", "409 calling_self !callId !status", FALSE, "that is yourself"},
    {"same", "ok", TRUE, "the present state, and nothing happens"},
    {"record", "ok record.callId=C1", TRUE, "the record"},
    {"own", "ok", FALSE, "that user's own history"},
};

/* Something happens: the reply's words, and who hears what. The device whose request
 * it is hears nothing but its reply, unless it is told as "sender"; who is away hears nothing. */
typedef struct {
    const char *word;
    const char *reply;
    const char *told;
    const char *means;
} Deed;

static const Deed deeds[] = {
    {"rings", "ok C1 ringing", "alice/phone < ringing C1",
     "the caller's phone knows that it rings"},
    {"accepts", "ok C1 accepted",
     "alice/phone < accepted C1 | bob/phone < ended C1 accepted answered_elsewhere |"
     "bob/tablet < ended C1 accepted answered_elsewhere",
     "the call is answered"},
    {"accepts-alone", "ok C1 accepted",
     "bob/phone < ended C1 accepted answered_elsewhere |"
     "bob/tablet < ended C1 accepted answered_elsewhere | sender < peer C1 reconnecting",
     "the call is answered, and waits for the caller"},
    {"rejects", "ok C1 rejected declined",
     "alice/phone < rejected C1 declined | bob/phone < ended C1 rejected declined_elsewhere |"
     "bob/tablet < ended C1 rejected declined_elsewhere",
     "the call is rejected"},
    {"cancels", "ok C1 cancelled cancelled",
     "alice/phone < ended C1 cancelled cancelled endedBy=alice |"
     "bob/phone < ended C1 cancelled cancelled endedBy=alice |"
     "bob/tablet < ended C1 cancelled cancelled endedBy=alice",
     "the call is cancelled"},
    {"gives-up", "ok C1 cancelled cancelled",
     "alice/phone < ended C1 cancelled cancelled endedBy=alice",
     "the call is cancelled, of which the callee never knew more"},
    {"hangs-up", "ok C1 ended hangup",
     "alice/phone < ended C1 ended hangup | bob/phone < ended C1 ended hangup",
     "the call is ended"},
    {"annuls", "ok C1 cancelled admin",
     "alice/phone < ended C1 cancelled admin !endedBy |"
     "bob/phone < ended C1 cancelled admin !endedBy |"
     "bob/tablet < ended C1 cancelled admin !endedBy",
     "the call is cancelled by an operator"},
    {"annuls-belief", "ok C1 rejected busy", "alice/phone < ended C1 cancelled admin !endedBy",
     "what the caller believes is cancelled by an operator"},
    {"cuts", "ok C1 ended admin",
     "alice/phone < ended C1 ended admin !endedBy | bob/phone < ended C1 ended admin !endedBy",
     "the call is ended by an operator"},
    {"signals", "ok C1 accepted", "alice/phone < signal C1 bob | bob/phone < signal C1 alice",
     "the other device gets it"},
    {"updates", "ok C1 accepted", "alice/phone < updated C1 bob | bob/phone < updated C1 alice",
     "the other device gets it"},
    {"leaves", "ok", "", "it leaves, and the call goes on"},
    {"leaves-ring", "ok",
     "bob/phone < ended C1 cancelled cancelled | bob/tablet < ended C1 cancelled cancelled",
     "it leaves, and its call is cancelled"},
    {"leaves-call", "ok", "alice/phone < ended C1 ended hangup | bob/phone < ended C1 ended hangup",
     "it leaves, and its call is ended"},
    {"begins", "ok C1 ringing reachable=false", "eve < outgoing C1",
     "a call of its own of that id"},
    {"begins-blindly", "ok C1 ringing !reachable", "eve < outgoing C1",
     "a call of its own of that id"},
    {"calls-bob", "ok C1 ringing devices=3",
     "eve < outgoing C1 | bob/phone < incoming C1 eve | bob/tablet < incoming C1 eve | bob/desk < "
     "incoming C1 eve",
     "a call of its own of that id"},
    {"calls-alice", "ok C1 ringing devices=2",
     "eve < outgoing C1 | alice/phone < incoming C1 eve | alice/watch < incoming C1 eve",
     "a call of its own of that id"},
};

/* --- the rows: a request, and a cell for each role --- */

/* clang-format off */

/* In every state, unless said otherwise. */
static const char *const always[] = {
    /*                    alice's        bob's                      eve   nobody  backend for      operator
     *                    phone  watch   phone  tablet desk                       alice bob  eve            */
    "get                | record record | record record record | 404  | 401  | record record 404    | record",
    "history            | own    own    | own    own    own    | own  | 401  | own    own    own    | 400",
    "initiate bob C1    | same   same   | self   self   self   | choose | 401 | same  self   choose | 400",
    "initiate alice C1  | self   self   | taken  taken  taken  | choose | 401 | self  taken  choose | 400",
    "initiate carol C1  | taken  taken  | taken  taken  taken  | begins | 401 | taken taken  begins | 400",
    "join C1 T1a        | apart  apart  | apart  apart  apart  | apart | token? | none none none | none",
    "media C1           | apart  apart  | apart  apart  apart  | apart | 401  | none  none   none   | none",
    "configure          | apart  apart  | apart  apart  apart  | apart | 401  | none  none   none   | none",
    NULL,
};

static const char *const caller_gone[] = {
    "join C1 T1a        | token? apart  | apart  apart  apart  | apart | token? | none none none | none",
    "media C1           | 401    apart  | apart  apart  apart  | apart | 401  | none  none   none   | none",
    "configure          | 401    apart  | apart  apart  apart  | apart | 401  | none  none   none   | none",
    NULL,
};

static const char *const callee_gone[] = {
    "join C1 T1a        | apart  apart  | token? apart  apart  | apart | token? | none none none | none",
    "media C1           | apart  apart  | 401    apart  apart  | apart | 401  | none  none   none   | none",
    "configure          | apart  apart  | 401    apart  apart  | apart | 401  | none  none   none   | none",
    NULL,
};

static const char *const ringing[] = {
    "ringing            | 403    403    | rings   rings   rings   | 404 | 401 | none    none    none | none",
    "accept             | 403    403    | accepts accepts accepts | 404 | 401 | none    none    none | none",
    "reject             | 403    403    | rejects rejects rejects | 404 | 401 | 403     rejects 404  | 400",
    "end                | cancels cancels | rejects rejects rejects | 404 | 401 | cancels rejects 404 | annuls",
    "signal             | 409    409    | 409     409     409     | 404 | 401 | none    none    none | none",
    "update             | 409    409    | 409     409     409     | 404 | 401 | none    none    none | none",
    "unregister         | leaves-ring leaves | leaves leaves leaves | leaves | 401 | none none none  | none",
    NULL,
};

/* It is known already that it rings, or must not be known. */
static const char *const ringing_quietly[] = {
    "ringing            | 403    403    | same    same    same    | 404 | 401 | none    none    none | none",
    NULL,
};

static const char *const caller_away[] = {
    "get                | 401    record | record  record  record  | 404 | 401 | record  record  404  | record",
    "history            | 401    own    | own     own     own     | own | 401 | own     own     own  | 400",
    "initiate bob C1    | 401    same   | self    self    self    | choose | 401 | 401  self    choose | 400",
    "initiate alice C1  | 401    self   | taken   taken   taken   | choose | 401 | 401  taken   choose | 400",
    "initiate carol C1  | 401    taken  | taken   taken   taken   | begins | 401 | 401  taken   begins | 400",
    NULL,
};

static const char *const ringing_caller_away[] = {
    "ringing            | 401    403    | rings   rings   rings   | 404 | 401 | none    none    none | none",
    "accept             | 401    403    | accepts-alone accepts-alone accepts-alone | 404 | 401 | none    none    none | none",
    "reject             | 401    403    | rejects rejects rejects | 404 | 401 | 403     rejects 404  | 400",
    "end                | 401    cancels | rejects rejects rejects | 404 | 401 | cancels rejects 404 | annuls",
    "signal             | 401    409    | 409     409     409     | 404 | 401 | none    none    none | none",
    "update             | 401    409    | 409     409     409     | 404 | 401 | none    none    none | none",
    "unregister         | 401    leaves | leaves  leaves  leaves  | leaves | 401 | none none    none | none",
    NULL,
};

static const char *const accepted[] = {
    "ringing            | 403    403    | 409     409     409     | 404 | 401 | none    none    none | none",
    "accept             | 403    403    | same    409     409     | 404 | 401 | none    none    none | none",
    "reject             | 403    403    | 409     409     409     | 404 | 401 | 403     409     404  | 400",
    "end                | hangs-up hangs-up | hangs-up hangs-up hangs-up | 404 | 401 | hangs-up hangs-up 404 | cuts",
    "signal             | signals 403   | signals 403     403     | 404 | 401 | none    none    none | none",
    "update             | updates 403   | updates 403     403     | 404 | 401 | none    none    none | none",
    "unregister         | leaves-call leaves | leaves-call leaves leaves | leaves | 401 | none none none | none",
    NULL,
};

static const char *const accepted_caller_away[] = {
    "ringing            | 401    403    | 409     409     409     | 404 | 401 | none    none    none | none",
    "accept             | 401    403    | same    409     409     | 404 | 401 | none    none    none | none",
    "reject             | 401    403    | 409     409     409     | 404 | 401 | 403     409     404  | 400",
    "end                | 401    hangs-up | hangs-up hangs-up hangs-up | 404 | 401 | hangs-up hangs-up 404 | cuts",
    "signal             | 401    403    | signals 403     403     | 404 | 401 | none    none    none | none",
    "update             | 401    403    | updates 403     403     | 404 | 401 | none    none    none | none",
    "unregister         | 401    leaves | leaves-call leaves leaves | leaves | 401 | none none none | none",
    NULL,
};

static const char *const accepted_callee_away[] = {
    "get                | record record | 401     record  record  | 404 | 401 | record  record  404  | record",
    "history            | own    own    | 401     own     own     | own | 401 | own     own     own  | 400",
    "initiate bob C1    | same   same   | 401     self    self    | choose | 401 | same 401     choose | 400",
    "initiate alice C1  | self   self   | 401     taken   taken   | choose | 401 | self 401     choose | 400",
    "initiate carol C1  | taken  taken  | 401     taken   taken   | begins | 401 | taken 401    begins | 400",
    "ringing            | 403    403    | 401     409     409     | 404 | 401 | none    none    none | none",
    "accept             | 403    403    | 401     409     409     | 404 | 401 | none    none    none | none",
    "reject             | 403    403    | 401     409     409     | 404 | 401 | 403     409     404  | 400",
    "end                | hangs-up hangs-up | 401  hangs-up hangs-up | 404 | 401 | hangs-up hangs-up 404 | cuts",
    "signal             | signals 403   | 401     403     403     | 404 | 401 | none    none    none | none",
    "update             | updates 403   | 401     403     403     | 404 | 401 | none    none    none | none",
    "unregister         | leaves-call leaves | 401 leaves leaves  | leaves | 401 | none none    none | none",
    NULL,
};

/* Its token is over: it may go on with the call that it is in, and end it. */
static const char *const ringing_caller_expired[] = {
    "get                | expired record | record record  record  | 404 | 401 | record  record  404  | record",
    "history            | expired own   | own     own     own     | own | 401 | own     own     own  | 400",
    "initiate bob C1    | expired same  | self    self    self    | choose | 401 | 401  self    choose | 400",
    "initiate alice C1  | expired self  | taken   taken   taken   | choose | 401 | 401  taken   choose | 400",
    "initiate carol C1  | expired taken | taken   taken   taken   | begins | 401 | 401  taken   begins | 400",
    "ringing            | expired 403   | rings   rings   rings   | 404 | 401 | none    none    none | none",
    "accept             | expired 403   | accepts accepts accepts | 404 | 401 | none    none    none | none",
    "reject             | expired 403   | rejects rejects rejects | 404 | 401 | 403     rejects 404  | 400",
    "end                | cancels cancels | rejects rejects rejects | 404 | 401 | cancels rejects 404 | annuls",
    "signal             | 409    409    | 409     409     409     | 404 | 401 | none    none    none | none",
    "update             | 409    409    | 409     409     409     | 404 | 401 | none    none    none | none",
    "unregister         | expired leaves | leaves leaves  leaves  | leaves | 401 | none none    none | none",
    NULL,
};

static const char *const accepted_callee_expired[] = {
    "get                | record record | expired record  record  | 404 | 401 | record  record  404  | record",
    "history            | own    own    | expired own     own     | own | 401 | own     own     own  | 400",
    "initiate bob C1    | same   same   | expired self    self    | choose | 401 | same 401     choose | 400",
    "initiate alice C1  | self   self   | expired taken   taken   | choose | 401 | self 401     choose | 400",
    "initiate carol C1  | taken  taken  | expired taken   taken   | begins | 401 | taken 401    begins | 400",
    "ringing            | 403    403    | expired 409     409     | 404 | 401 | none    none    none | none",
    "accept             | 403    403    | expired 409     409     | 404 | 401 | none    none    none | none",
    "reject             | 403    403    | expired 409     409     | 404 | 401 | 403     409     404  | 400",
    "end                | hangs-up hangs-up | hangs-up hangs-up hangs-up | 404 | 401 | hangs-up hangs-up 404 | cuts",
    "signal             | signals 403   | signals 403     403     | 404 | 401 | none    none    none | none",
    "update             | updates 403   | updates 403     403     | 404 | 401 | none    none    none | none",
    "unregister         | leaves-call leaves | expired leaves leaves | leaves | 401 | none none  none | none",
    NULL,
};

/* Nobody's own deed: nothing is a repeat. */
static const char *const over[] = {
    "ringing            | 403    403    | 410     410     410     | 404 | 401 | none    none    none | none",
    "accept             | 403    403    | 410     410     410     | 404 | 401 | none    none    none | none",
    "reject             | 403    403    | 410     410     410     | 404 | 401 | 403     410     404  | 400",
    "end                | 410    410    | 410     410     410     | 404 | 401 | 410     410     404  | 410",
    "signal             | 410    410    | 410     410     410     | 404 | 401 | none    none    none | none",
    "update             | 410    410    | 410     410     410     | 404 | 401 | none    none    none | none",
    "unregister         | leaves leaves | leaves  leaves  leaves  | leaves | 401 | none none    none | none",
    NULL,
};

/* The caller made it: saying it again succeeds, from any of the caller's devices. */
static const char *const over_by_caller[] = {
    "end                | same   same   | 410     410     410     | 404 | 401 | same    410     404  | 410",
    NULL,
};

static const char *const over_by_callee[] = {
    "end                | 410    410    | same    same    same    | 404 | 401 | 410     same    404  | 410",
    NULL,
};

static const char *const rejected_by_callee[] = {
    "reject             | 403    403    | same    same    same    | 404 | 401 | 403     same    404  | 400",
    "end                | 410    410    | same    same    same    | 404 | 401 | 410     same    404  | 410",
    NULL,
};

/* The callee was busy, and the caller must not know: it is over for the one and rings for the other. */
static const char *const seems_to_ring[] = {
    "ringing            | 403    403    | 410     410     410     | 404 | 401 | none    none    none | none",
    "accept             | 403    403    | 410     410     410     | 404 | 401 | none    none    none | none",
    "reject             | 403    403    | 410     410     410     | 404 | 401 | 403     410     404  | 400",
    "end                | gives-up gives-up | 410 410     410     | 404 | 401 | gives-up 410    404  | annuls-belief",
    "signal             | 409    409    | 410     410     410     | 404 | 401 | none    none    none | none",
    "update             | 409    409    | 410     410     410     | 404 | 401 | none    none    none | none",
    "unregister         | leaves leaves | leaves  leaves  leaves  | leaves | 401 | none none    none | none",
    NULL,
};

/* Memory does not know the id any more, so it may name another call of the same user, by somebody else. */
static const char *const stored[] = {
    "initiate bob C1    | same   same   | self   self   self   | calls-bob | 401 | same self calls-bob | 400",
    "initiate alice C1  | self   self   | taken  taken  taken  | calls-alice | 401 | self taken calls-alice | 400",
    NULL,
};

static const char *const hidden[] = {
    "initiate carol C1  | taken  taken  | taken   taken   taken   | begins-blindly | 401 | taken taken begins-blindly | 400",
    NULL,
};

/* clang-format on */

/* --- the states --- */

#define RULES_MOST 4

typedef struct {
    const char *name;
    const char *status;      /* of the call */
    const char *caller_sees; /* or NULL: the same */
    const char *set;         /* settings, or NULL */
    const char *before;      /* before the call is made, or NULL */
    const char *begin;       /* instead of the ring on two devices, or NULL */
    const char *then;        /* from the ring to the state, or NULL */
    const char *away;        /* this device is */
    gboolean is_stored;      /* the call is in the store, and memory knows nothing of it */
    const char *const *rules[RULES_MOST]; /* the first that has the row counts */
} State;

#define ENDED_BOTH_RINGING(words) "bob/phone < ended C1 " words "| bob/tablet < ended C1 " words

#define ANSWER "[44600] bob/phone > accept C1 | alice/phone < accepted C1 | bob/tablet < ended C1\n"
#define BUSY                                                                                       \
    "here: dave | dave > initiate bob C0 | bob/phone < incoming C0 | bob/tablet < incoming C0\n"
#define BUSY_NO_MORE "dave > end C0 | bob/phone < ended C0 | bob/tablet < ended C0\n"

static const State states[] = {
    {"ringing", "ringing", .rules = {ringing, always}},
    {"ringing, and a device said so", "ringing",
     .then = "bob/tablet > ringing C1 | alice/phone < ringing C1",
     .rules = {ringing_quietly, ringing, always}},
    {"ringing, the caller away", "ringing", .then = "[44600] alice/phone > drop",
     .away = "alice/phone", .rules = {ringing_caller_away, caller_away, caller_gone}},
    {"ringing, presence hidden", "ringing", .set = "reveal_presence=false",
     .rules = {hidden, ringing_quietly, ringing, always}},
    {"accepted", "accepted", .then = ANSWER, .rules = {accepted, always}},
    {"accepted, presence hidden", "accepted", .set = "reveal_presence=false", .then = ANSWER,
     .rules = {hidden, accepted, always}},
    {"accepted, the caller away", "accepted",
     .then = ANSWER "alice/phone > drop | bob/phone < peer C1 reconnecting", .away = "alice/phone",
     .rules = {accepted_caller_away, caller_away, caller_gone}},
    {"accepted, the callee away", "accepted",
     .then = ANSWER "bob/phone > drop | alice/phone < peer C1 reconnecting", .away = "bob/phone",
     .rules = {accepted_callee_away, callee_gone}},
    {"ringing, the caller's token over", "ringing",
     .then = "alice/phone > register lasts=100\n"
             "[44600] alice/phone < unregistered token_expired",
     .rules = {ringing_caller_expired, always}},
    {"accepted, the callee's token over", "accepted",
     .then = ANSWER "bob/phone > register lasts=100\n"
                    "[44700] bob/phone < unregistered token_expired",
     .rules = {accepted_callee_expired, always}},
    {"rejected", "rejected",
     .then = "[44600] bob/phone > reject C1 | alice/phone < rejected C1 | bob/tablet < ended C1",
     .rules = {rejected_by_callee, over, always}},
    {"rejected, being busy", "rejected", .set = "max_live_calls=1", .before = BUSY,
     .begin = "alice/phone > initiate bob C1 | alice/phone < ok rejected busy\n"
              "alice/phone < rejected C1 busy\n" BUSY_NO_MORE,
     .rules = {over, always}},
    {"rejected, being busy, presence hidden", "rejected", .caller_sees = "ringing",
     .set = "max_live_calls=1 reveal_presence=false", .before = BUSY,
     .begin = "alice/phone > initiate bob C1 | alice/phone < ok ringing\n" BUSY_NO_MORE,
     .rules = {hidden, seems_to_ring, always}},
    {"cancelled", "cancelled",
     .then = "[44600] alice/phone > end C1 |" ENDED_BOTH_RINGING("cancelled cancelled"),
     .rules = {over_by_caller, over, always}},
    {"cancelled, the caller lost", "cancelled", .set = "caller_grace=100",
     .then = "[44600] alice/phone > drop\n"
             "[44700]" ENDED_BOTH_RINGING("cancelled caller_lost") "| here: alice/phone",
     .rules = {over, always}},
    {"cancelled, by an operator", "cancelled",
     .then = "operator > end C1 callerId=alice | alice/phone < ended C1 cancelled "
             "admin\n" ENDED_BOTH_RINGING("cancelled admin"),
     .rules = {over, always}},
    {"timeout", "timeout",
     .then = "[45000] alice/phone < timeout C1 no_answer |" ENDED_BOTH_RINGING("timeout no_answer"),
     .rules = {over, always}},
    {"ended, by the caller", "ended",
     .then = ANSWER "alice/phone > end C1 | bob/phone < ended C1 ended hangup",
     .rules = {over_by_caller, over, always}},
    {"ended, by the callee", "ended",
     .then = ANSWER "bob/phone > end C1 | alice/phone < ended C1 ended hangup",
     .rules = {over_by_callee, over, always}},
    {"ended, the callee lost", "ended", .set = "in_call_grace=100",
     .then = ANSWER "bob/phone > drop | alice/phone < peer C1 reconnecting\n"
                    "[44700] alice/phone < ended C1 ended connection_lost | here: bob/phone",
     .rules = {over, always}},
    {"ended, by an operator", "ended",
     .then = ANSWER "operator > end C1 callerId=alice | alice/phone < ended C1 ended admin\n"
                    "bob/phone < ended C1 ended admin",
     .rules = {over, always}},
    {"failed, by a restart", "failed", .is_stored = TRUE, .rules = {stored, over, always}},
};

#define RING "alice/phone > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"

static Record *make_failed(void)
{
    g_autoptr(CallFacts) facts = call_facts_new();
    Record *record;

    facts->call_id = g_ref_string_new("C1");
    facts->caller_id = g_ref_string_new("alice");
    facts->caller_device = g_ref_string_new("phone");
    facts->callee_id = g_ref_string_new("bob");
    facts->media.audio = TRUE;
    facts->created_ms = SIM_WALL_START_MS - 100000;
    record = record_new(facts);
    record->status = CALL_FAILED;
    record->cause = CAUSE_SERVER_RESTART;
    record->rev = 1002;
    record->ended_ms = SIM_WALL_START_MS - 50000;
    return record;
}

static Sim *sim_in_state(const State *state)
{
    Sim *sim = sim_new(NULL);

    if (state->set)
        sim_play(sim, "set %s", state->set);
    sim_play(sim, "here: alice/phone alice/watch bob/phone bob/tablet eve");
    if (state->before)
        sim_play(sim, "%s", state->before);
    if (state->is_stored) {
        g_autoptr(Record) failed = make_failed();

        sim_store(sim, failed);
    } else {
        sim_play(sim, "%s", state->begin ? state->begin : RING);
    }
    sim_play(sim, "[44500] bob/desk > register | bob/desk < nothing");
    if (state->then)
        sim_play(sim, "%s", state->then);
    return sim;
}

/* --- a cell --- */

typedef struct {
    const State *state;
    const Role *role;
    char *request; /* as a trace has it */
    char *word;
} Cell;

static GPtrArray *all_cells;

static const Quiet *find_quiet(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(quiet); i++) {
        if (strcmp(quiet[i].word, word) == 0)
            return &quiet[i];
    }
    return NULL;
}

static const Deed *find_deed(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(deeds); i++) {
        if (strcmp(deeds[i].word, word) == 0)
            return &deeds[i];
    }
    g_error("no such word: %s", word);
}

/* What the request needs besides the call. */
static const char *more_of(const Cell *cell)
{
    if (g_str_has_prefix(cell->request, "signal") || g_str_has_prefix(cell->request, "update"))
        return " {\"a\":1}";
    if (g_str_has_prefix(cell->request, "media"))
        return " jsep=offer/v1";
    return "";
}

static char *line_of(const Cell *cell, const char *call_id)
{
    gboolean has_id =
        strstr(cell->request, "C1") != NULL || g_str_equal(cell->request, "history") ||
        g_str_equal(cell->request, "configure") || g_str_equal(cell->request, "unregister");
    gboolean is_operator = strcmp(cell->role->who, "operator") == 0;

    return g_strconcat(cell->role->who, " > ", cell->request, has_id ? "" : " ",
                       has_id ? "" : call_id, more_of(cell), is_operator ? " callerId=alice" : "",
                       NULL);
}

static const char *seen_status(const Cell *cell)
{
    gboolean is_caller = g_strcmp0(cell->role->user, "alice") == 0;

    return is_caller && cell->state->caller_sees ? cell->state->caller_sees : cell->state->status;
}

/* What the hub knows of the two parties, of their devices and calls; eve's own is her business. */
static char *knowledge(Sim *sim)
{
    g_autofree char *dump = sim_dump(sim);
    const char *end = strstr(dump, "user eve");

    g_assert_nonnull(end);
    return g_strndup(dump, (gsize)(end - dump));
}

static void play_quiet(Sim *sim, const Cell *cell, const Quiet *expected)
{
    g_autofree char *line = line_of(cell, "C1");
    g_autofree char *before = knowledge(sim);
    g_autofree char *after = NULL;

    sim_play(sim, "%s", line);
    sim_play(sim, "%s < %s", cell->role->who, expected->reply);
    if (expected->shows_call)
        sim_play(sim, "%s < %.3s C1 %s", cell->role->who, expected->reply, seen_status(cell));
    if (strcmp(expected->word, "own") == 0)
        sim_play(sim, "%s < ok userId=%s", cell->role->who, cell->role->user);
    after = knowledge(sim);
    g_assert_cmpstr(before, ==, after);
}

static void play_told(Sim *sim, const Cell *cell, const char *item)
{
    g_autofree char *who = g_strndup(item, strcspn(item, " "));
    gboolean is_sender = strcmp(who, "sender") == 0;

    if (is_sender)
        sim_play(sim, "%s %s", cell->role->who, item + strlen(who));
    else if (strcmp(who, cell->role->who) != 0 && g_strcmp0(who, cell->state->away) != 0)
        sim_play(sim, "%s", item);
}

static void play_deed(Sim *sim, const Cell *cell, const Deed *expected)
{
    g_autofree char *line = line_of(cell, "C1");
    g_auto(GStrv) told = g_strsplit(expected->told, "|", -1);

    sim_play(sim, "%s", line);
    sim_play(sim, "%s < %s", cell->role->who, expected->reply);
    for (guint i = 0; told[i]; i++) {
        if (*g_strstrip(told[i]))
            play_told(sim, cell, told[i]);
    }
}

/* Whoever else heard anything fails it at the end. */
static void test_cell(gconstpointer data)
{
    const Cell *cell = data;
    const Quiet *nothing = find_quiet(cell->word);
    Sim *sim = sim_in_state(cell->state);

    if (nothing)
        play_quiet(sim, cell, nothing);
    else
        play_deed(sim, cell, find_deed(cell->word));
    sim_free(sim);
}

/* Somebody else's call looks as a call that never was, word for word. */
static void test_looks_unknown(gconstpointer data)
{
    const Cell *cell = data;
    Sim *sims[] = {sim_in_state(cell->state), sim_in_state(cell->state)};
    const char *const ids[] = {"C1", "C2"};
    char *replies[2];

    for (guint i = 0; i < 2; i++) {
        g_autofree char *line = line_of(cell, ids[i]);

        sim_play(sims[i], "%s", line);
        replies[i] = sim_take(sims[i], cell->role->who);
    }
    g_assert_cmpstr(replies[0], ==, replies[1]);
    g_assert_nonnull(strstr(replies[0], "call_not_found"));
    for (guint i = 0; i < 2; i++) {
        g_free(replies[i]);
        sim_free(sims[i]);
    }
}

/* --- the tables --- */

static gboolean is_row_of(const char *row, const char *request)
{
    g_autofree char *name = g_strndup(row, strcspn(row, "|"));

    return strcmp(g_strchomp(name), request) == 0;
}

static const char *find_row(const State *state, const char *request)
{
    for (guint r = 0; r < RULES_MOST && state->rules[r]; r++) {
        for (const char *const *row = state->rules[r]; *row; row++) {
            if (is_row_of(*row, request))
                return *row;
        }
    }
    g_error("%s: no row for %s", state->name, request);
}

static void cell_free(gpointer memory)
{
    Cell *cell = memory;

    g_free(cell->request);
    g_free(cell->word);
    g_free(cell);
}

static void add_cell(const State *state, const Role *role, const char *request, const char *word)
{
    Cell *cell = g_new0(Cell, 1);
    const Quiet *nothing = find_quiet(word);
    g_autofree char *path = NULL;

    *cell = (Cell){state, role, g_strdup(request), g_strdup(word)};
    g_ptr_array_add(all_cells, cell);
    path = g_strdup_printf("/authority/%s/%s/%s: %s", state->name, request, role->name,
                           nothing ? nothing->means : find_deed(word)->means);
    g_test_add_data_func(path, cell, test_cell);
    if (strcmp(word, "404") == 0) {
        g_autofree char *alike = g_strdup_printf("/unknown/%s/%s/%s: as a call that never was",
                                                 state->name, request, role->name);

        g_test_add_data_func(alike, cell, test_looks_unknown);
    }
}

static void add_row(const State *state, const char *request)
{
    const char *row = find_row(state, request);
    g_auto(GStrv) words = g_strsplit_set(strchr(row, '|'), "| ", -1);
    guint column = 0;

    for (guint i = 0; words[i]; i++) {
        if (!*words[i])
            continue;
        g_assert_cmpuint(column, <, G_N_ELEMENTS(roles));
        add_cell(state, &roles[column++], request, words[i]);
    }
    g_assert_cmpuint(column, ==, G_N_ELEMENTS(roles));
}

static const char *const requests[] = {
    "ringing",
    "accept",
    "reject",
    "end",
    "signal",
    "update",
    "get",
    "history",
    "initiate bob C1",
    "initiate alice C1",
    "initiate carol C1",
    "unregister",
    "join C1 T1a",
    "media C1",
    "configure",
};

/* --- media handles: each state of a relayed call x each request x who sits at the handle --- */

typedef struct {
    const char *name;
    const char *token;   /* T1a: alice's, T1b: bob's of C1; T2b: bob's of another call */
    gboolean has_joined; /* where that is possible */
} MediaRole;

static const MediaRole media_roles[] = {
    {"who has the caller's token", "T1a", FALSE},      {"who has the callee's token", "T1b", FALSE},
    {"who has a token of another call", "T2b", FALSE}, {"who has no token", "T3a", FALSE},
    {"the caller's media handle", "T1a", TRUE},        {"the callee's media handle", "T1b", TRUE},
};

typedef struct {
    const char *name;
    const char *then; /* from the two calls that ring, C1's accept being the first */
    gboolean can_join;
    const char *rows[4]; /* a request, and a reply for each role */
} MediaState;

#define RELAYED                                                                                    \
    "here: alice bob carol | alice > initiate bob C1 mode=relay | bob < incoming C1\n"             \
    "carol > initiate bob C2 mode=relay | bob < incoming C2\n"
#define ACCEPT_C1 "bob > accept C1 | alice < accepted C1 join.token=T1a\n"
#define ACCEPT_BOTH ACCEPT_C1 "bob > accept C2 | carol < accepted C2 join.token=T2a\n"

/* clang-format off */
static const MediaState media_states[] = {
    {"ringing", "", FALSE, {
        "join C1 TOKEN                | 401 | 401 | 401 | 401 | 401 | 401",
        "join C1 TOKEN jsep=offer/v1  | 401 | 401 | 401 | 401 | 401 | 401",
        "media C1 jsep=offer/v2       | 401 | 401 | 401 | 401 | 401 | 401",
        "configure video=false        | 401 | 401 | 401 | 401 | 401 | 401"}},
    {"accepted", ACCEPT_BOTH, TRUE, {
        "join C1 TOKEN                | ok  | 400 | 401 | 401 | ok  | 400",
        "join C1 TOKEN jsep=offer/v1  | 400 | ok  | 401 | 401 | 400 | ok",
        "media C1 jsep=offer/v2       | 401 | 401 | 401 | 401 | 409 | 409",
        "configure video=false        | 401 | 401 | 401 | 401 | ok  | ok"}},
    {"ended", ACCEPT_BOTH "alice > end C1 | bob < ended C1\n", FALSE, {
        "join C1 TOKEN                | 401 | 401 | 401 | 401 | 401 | 401",
        "join C1 TOKEN jsep=offer/v1  | 401 | 401 | 401 | 401 | 401 | 401",
        "media C1 jsep=offer/v2       | 401 | 401 | 401 | 401 | 401 | 401",
        "configure video=false        | 401 | 401 | 401 | 401 | 401 | 401"}},
};
/* clang-format on */

typedef struct {
    const MediaState *state;
    const MediaRole *role;
    char *request;
    char *reply;
} MediaCell;

static void media_cell_free(gpointer memory)
{
    MediaCell *cell = memory;

    g_free(cell->request);
    g_free(cell->reply);
    g_free(cell);
}

/* With nobody at the other side no event follows; whoever heard one fails it at the end. */
static void test_media_cell(gconstpointer data)
{
    const MediaCell *cell = data;
    Sim *sim = sim_new(NULL);

    sim_play(sim, RELAYED);
    if (cell->state->then[0])
        sim_play(sim, "%s", cell->state->then);
    if (cell->role->has_joined && cell->state->can_join)
        sim_play(sim, "m > join C1 %s %s", cell->role->token,
                 strcmp(cell->role->token, "T1b") == 0 ? "jsep=offer/v1" : "");
    sim_play(sim, "m > %s", cell->request);
    sim_play(sim, "m < %s %s", cell->reply,
             strcmp(cell->reply, "401") == 0 ? "!callId !status !cause !rev" : "C1 accepted");
    sim_free(sim);
}

static GPtrArray *media_cells;

static void add_media_cell(const MediaState *state, const MediaRole *role, const char *request,
                           const char *reply)
{
    MediaCell *cell = g_new0(MediaCell, 1);
    g_auto(GStrv) parts = g_strsplit(request, "TOKEN", 2);
    g_autofree char *path =
        g_strdup_printf("/authority/media, %s/%s/%s: %s", state->name, request, role->name, reply);

    *cell = (MediaCell){state, role, g_strjoinv(role->token, parts), g_strdup(reply)};
    g_ptr_array_add(media_cells, cell);
    g_test_add_data_func(path, cell, test_media_cell);
}

static void add_media_row(const MediaState *state, const char *row)
{
    g_auto(GStrv) words = g_strsplit(row, "|", -1);

    g_assert_cmpuint(g_strv_length(words), ==, 1 + G_N_ELEMENTS(media_roles));
    g_strchomp(words[0]);
    for (guint i = 0; i < G_N_ELEMENTS(media_roles); i++)
        add_media_cell(state, &media_roles[i], words[0], g_strstrip(words[i + 1]));
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    all_cells = g_ptr_array_new_with_free_func(cell_free);
    for (guint s = 0; s < G_N_ELEMENTS(states); s++) {
        for (guint r = 0; r < G_N_ELEMENTS(requests); r++)
            add_row(&states[s], requests[r]);
    }
    media_cells = g_ptr_array_new_with_free_func(media_cell_free);
    for (guint s = 0; s < G_N_ELEMENTS(media_states); s++) {
        for (guint r = 0; r < G_N_ELEMENTS(media_states[s].rows); r++)
            add_media_row(&media_states[s], media_states[s].rows[r]);
    }
    status = g_test_run();
    g_ptr_array_unref(media_cells);
    g_ptr_array_unref(all_cells);
    return status;
}
