/* wire/write: each reply and each event, exactly as docs/protocol.md has it; and what is left out.
 */
#include "wire/write.h"

#include <string.h>

#define AT G_GINT64_CONSTANT(1700000000000)

typedef struct {
    Record *record; /* made of all that a record can have */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(CallFacts) facts = call_facts_new();

    ref_string_set(&facts->call_id, "C1");
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->caller_device, "phone");
    ref_string_set(&facts->caller_name, "Alice \xc3\x84");
    ref_string_set(&facts->callee_id, "bob");
    ref_string_set(&facts->data, "{\"subject\":\"hi\"}");
    facts->media = (Media){.audio = TRUE, .video = TRUE};
    facts->mode = MODE_P2P;
    facts->created_ms = AT;
    facts->ring_ms = 45000;
    fixture->record = record_new(facts);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    record_unref(fixture->record);
}

static void make_bare(Fixture *fixture)
{
    ref_string_set(&fixture->record->facts->caller_name, NULL);
    ref_string_set(&fixture->record->facts->data, NULL);
    fixture->record->facts->media = (Media){.audio = TRUE};
    fixture->record->facts->mode = MODE_NONE;
}

static void make_ringing(Fixture *fixture)
{
    fixture->record->ringing_ms = AT;
}

static void make_accepted(Fixture *fixture)
{
    make_ringing(fixture);
    fixture->record->status = CALL_ACCEPTED;
    fixture->record->rev = 2;
    fixture->record->accepted_ms = AT + 3000;
    ref_string_set(&fixture->record->answered_by, "tablet");
}

static void make_ended(Fixture *fixture)
{
    make_accepted(fixture);
    fixture->record->status = CALL_ENDED;
    fixture->record->cause = CAUSE_HANGUP;
    fixture->record->rev = 3;
    fixture->record->ended_ms = AT + 8000;
    fixture->record->duration_ms = 5000;
    ref_string_set(&fixture->record->ended_by, "bob");
    ref_string_set(&fixture->record->reason, "Bye");
}

static void make_closed(Fixture *fixture, CallState status, Cause cause, const char *by)
{
    fixture->record->status = status;
    fixture->record->cause = cause;
    fixture->record->rev = 2;
    fixture->record->ended_ms = AT + 3000;
    ref_string_set(&fixture->record->ended_by, by);
}

/* --- comparing --- */

/* `expected` may have single quotes for double ones. Takes `written`. */
static void assert_json(json_t *written, const char *expected)
{
    g_autofree char *text = g_strdelimit(g_strdup(expected), "'", '"');
    json_error_t error;
    json_auto_t *wanted = json_loads(text, 0, &error);
    char *seen = json_dumps(written, JSON_COMPACT | JSON_SORT_KEYS);
    char *sorted;

    if (!wanted)
        g_error("%s: %s", text, error.text);
    sorted = json_dumps(wanted, JSON_COMPACT | JSON_SORT_KEYS);
    g_assert_cmpstr(seen, ==, sorted);
    free(seen);
    free(sorted);
    json_decref(written);
}

/* Straight into text is byte by byte what goes by way of JSON values. Takes both. */
static void assert_text(char *text, const gsize *length, json_t *written)
{
    char *wanted = json_dumps(written, JSON_COMPACT);

    g_assert_cmpstr(text, ==, wanted);
    g_assert_cmpuint(*length, ==, strlen(wanted));
    free(wanted);
    g_free(text);
    json_decref(written);
}

static json_t *with_id(json_t *object, json_t *id)
{
    json_object_set(object, "id", id);
    return object;
}

static void assert_message(Message message, const char *expected)
{
    gsize length;

    message.timestamp_ms = AT + 9000;
    assert_text(write_message_text(&message, NULL, &length), &length,
                write_message(&message, NULL));
    assert_json(write_message(&message, NULL), expected);
    message.record = NULL;
    message_clear(&message);
}

static void assert_reply(Reply *reply, const char *expected)
{
    json_t *id = json_string("a \"b\"");
    HubSettings settings;
    gsize length;

    hub_settings_init(&settings);
    if (reply->record)
        record_ref(reply->record);
    assert_text(write_reply_text(reply, &settings, NULL, NULL, &length), &length,
                write_reply(reply, &settings, NULL));
    assert_text(write_reply_text(reply, &settings, NULL, id, &length), &length,
                with_id(write_reply(reply, &settings, NULL), id));
    assert_json(write_reply(reply, &settings, NULL), expected);
    json_decref(id);
    reply_clear(reply);
}

#define EVENT_OF(name, rev)                                                                        \
    "{'call':'event','event':'call:" name "','callId':'C1','rev':" rev ",'timestamp':"             \
    "1700000009000"

/* --- events --- */

static void test_incoming(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_ringing(fixture);
    assert_message(
        (Message){.kind = MESSAGE_INCOMING, .record = fixture->record, .expires_in_ms = 44000},
        EVENT_OF("incoming",
                 "1") ",'callerId':'alice','callerName':'Alice \xc3\x84','calleeId':'bob',"
                      "'media':{'audio':true,'video':true},'mode':'p2p',"
                      "'data':{'subject':'hi'},'expiresAt':1700000045000,'expiresInMs':44000}");
    make_bare(fixture);
    assert_message(
        (Message){.kind = MESSAGE_INCOMING, .record = fixture->record, .expires_in_ms = 0},
        EVENT_OF("incoming", "1") ",'callerId':'alice','calleeId':'bob',"
                                  "'media':{'audio':true,'video':false},'mode':'none',"
                                  "'expiresAt':1700000045000,'expiresInMs':0}");
}

static void test_outgoing(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    assert_message(
        (Message){.kind = MESSAGE_OUTGOING,
                  .view = VIEW_CALLER,
                  .record = fixture->record,
                  .expires_in_ms = 45000},
        EVENT_OF("outgoing",
                 "1") ",'calleeId':'bob','media':{'audio':true,'video':true},'mode':'p2p',"
                      "'data':{'subject':'hi'},'expiresAt':1700000045000,'expiresInMs':45000}");
}

static void test_ringing(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_ringing(fixture);
    fixture->record->rev = 2;
    assert_message((Message){.kind = MESSAGE_RINGING,
                             .view = VIEW_CALLER,
                             .record = fixture->record,
                             .device_id = g_ref_string_new("tablet")},
                   EVENT_OF("ringing", "2") ",'calleeId':'bob','deviceId':'tablet'}");
}

static void test_accepted(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_accepted(fixture);
    assert_message((Message){.kind = MESSAGE_ACCEPTED,
                             .view = VIEW_CALLER,
                             .record = fixture->record,
                             .device_id = g_ref_string_new("tablet")},
                   EVENT_OF("accepted", "2") ",'calleeId':'bob','deviceId':'tablet','mode':'p2p',"
                                             "'media':{'audio':true,'video':true}}");
}

/* What is rare takes a detour, and strange texts are escaped: the same bytes all the same. */
static void test_text(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    GRefString *token = g_ref_string_new("T1");
    GRefString *user_id = g_ref_string_new("bob");
    Message message = {.kind = MESSAGE_ACCEPTED, .record = fixture->record, .timestamp_ms = AT};
    IceServer server = {.urls = (char *[]){"turn:a.example", NULL}, .secret = "s", .ttl_ms = 1000};
    JoinSettings join = {.ice_servers = &server, .ice_server_count = 1};
    gsize length;

    fixture->record->facts->mode = MODE_RELAY;
    message.join = (Join){.is_set = TRUE, .user_id = user_id, .token = token};
    assert_text(write_message_text(&message, &join, &length), &length,
                write_message(&message, &join));
    message.kind = MESSAGE_INCOMING;
    ref_string_set(&fixture->record->facts->caller_name, "\"\\\n\x01\x7f\xe2\x82\xac/");
    ref_string_set(&fixture->record->facts->data, "{ \"a\" : [1, -2.5, null, true, {}] }");
    assert_text(write_message_text(&message, NULL, &length), &length,
                write_message(&message, NULL));
    ref_string_set(&fixture->record->facts->caller_name, "{");
    ref_string_set(&fixture->record->facts->data, "\"{\"");
    assert_text(write_message_text(&message, NULL, &length), &length,
                write_message(&message, NULL));
    g_ref_string_release(token);
    g_ref_string_release(user_id);
}

static void test_rejected(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_closed(fixture, CALL_REJECTED, CAUSE_DECLINED, "bob");
    assert_message(
        (Message){.kind = MESSAGE_REJECTED,
                  .view = VIEW_CALLER,
                  .record = fixture->record,
                  .status = CALL_REJECTED,
                  .cause = CAUSE_DECLINED,
                  .device_id = g_ref_string_new("tablet")},
        EVENT_OF("rejected", "2") ",'reason':'User declined','cause':'declined','calleeId':'bob',"
                                  "'deviceId':'tablet'}");
    ref_string_set(&fixture->record->reason, "In a meeting");
    fixture->record->cause = CAUSE_BUSY;
    assert_message(
        (Message){.kind = MESSAGE_REJECTED,
                  .view = VIEW_CALLER_MASKED,
                  .record = fixture->record,
                  .status = CALL_REJECTED,
                  .cause = CAUSE_BUSY},
        EVENT_OF("rejected", "2") ",'reason':'In a meeting','cause':'busy','calleeId':'bob'}");
}

static void test_timeout(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Message message = {.kind = MESSAGE_TIMEOUT,
                       .view = VIEW_CALLER,
                       .record = fixture->record,
                       .status = CALL_TIMEOUT};

    make_closed(fixture, CALL_TIMEOUT, CAUSE_NO_ANSWER, NULL);
    assert_message(message, EVENT_OF("timeout", "2") ",'reason':'No answer','cause':'no_answer'}");
    fixture->record->cause = CAUSE_UNREACHABLE;
    assert_message(
        message, EVENT_OF("timeout", "2") ",'reason':'User is unreachable','cause':'unreachable'}");
    message.view = VIEW_CALLER_MASKED;
    assert_message(message, EVENT_OF("timeout", "2") ",'reason':'No answer','cause':'no_answer'}");
}

static void test_ended(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_ended(fixture);
    assert_message(
        (Message){.kind = MESSAGE_ENDED,
                  .record = fixture->record,
                  .status = CALL_ENDED,
                  .cause = CAUSE_HANGUP},
        EVENT_OF("ended", "3") ",'reason':'Bye','cause':'hangup','status':'ended','endedBy':'bob',"
                               "'durationMs':5000}");
}

static void test_ended_by_nobody(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_closed(fixture, CALL_TIMEOUT, CAUSE_NO_ANSWER, NULL);
    assert_message((Message){.kind = MESSAGE_ENDED,
                             .record = fixture->record,
                             .status = CALL_TIMEOUT,
                             .cause = CAUSE_NO_ANSWER},
                   EVENT_OF("ended", "2") ",'cause':'no_answer','status':'timeout'}");
}

static void test_ended_elsewhere(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_accepted(fixture);
    assert_message((Message){.kind = MESSAGE_ENDED,
                             .record = fixture->record,
                             .status = CALL_ACCEPTED,
                             .cause = CAUSE_ANSWERED_ELSEWHERE},
                   EVENT_OF("ended", "2") ",'cause':'answered_elsewhere','status':'accepted'}");
}

static void test_ended_at_once(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_ended(fixture);
    fixture->record->duration_ms = 0;
    ref_string_set(&fixture->record->reason, NULL);
    assert_message(
        (Message){.kind = MESSAGE_ENDED,
                  .record = fixture->record,
                  .status = CALL_ENDED,
                  .cause = CAUSE_HANGUP},
        EVENT_OF("ended",
                 "3") ",'cause':'hangup','status':'ended','endedBy':'bob','durationMs':0}");
}

static void test_peer(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_accepted(fixture);
    fixture->record->rev = 3;
    assert_message((Message){.kind = MESSAGE_PEER, .record = fixture->record},
                   EVENT_OF("peer", "3") ",'state':'reconnecting'}");
    assert_message((Message){.kind = MESSAGE_PEER, .record = fixture->record, .is_connected = TRUE},
                   EVENT_OF("peer", "3") ",'state':'connected'}");
}

static void test_signal(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const texts[] = {
        "{\"sdp\":\"v=0\\r\\n\",\"n\":[1,2.5,null]}", "\"text\"", "0", "false", "null", "[]"};

    make_accepted(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *expected =
            g_strdup_printf(EVENT_OF("signal", "2") ",'from':'alice','data':%s}", texts[i]);

        assert_message((Message){.kind = MESSAGE_SIGNAL,
                                 .record = fixture->record,
                                 .from = g_ref_string_new("alice"),
                                 .data = g_ref_string_new(texts[i])},
                       expected);
    }
    assert_message((Message){.kind = MESSAGE_UPDATED,
                             .record = fixture->record,
                             .from = g_ref_string_new("bob"),
                             .data = g_ref_string_new("{\"hold\":true}")},
                   EVENT_OF("updated", "2") ",'from':'bob','data':{'hold':true}}");
}

static void test_registration_is_lost(Fixture *fixture G_GNUC_UNUSED,
                                      gconstpointer data G_GNUC_UNUSED)
{
    assert_message((Message){.kind = MESSAGE_REPLACED},
                   "{'call':'event','event':'call:replaced','timestamp':1700000009000}");
    assert_message(
        (Message){.kind = MESSAGE_UNREGISTERED, .cause = CAUSE_ADMIN},
        "{'call':'event','event':'call:unregistered','timestamp':1700000009000,'cause':'admin'}");
    assert_message((Message){.kind = MESSAGE_UNREGISTERED, .cause = CAUSE_TOKEN_EXPIRED},
                   "{'call':'event','event':'call:unregistered','timestamp':1700000009000,'cause':'"
                   "token_expired'}");
}

/* --- records --- */

#define FACTS                                                                                      \
    "'callId':'C1','callerId':'alice','calleeId':'bob','media':{'audio':true,'video':true},'mode'" \
    ":'p2p',"                                                                                      \
    "'data':{'subject':'hi'},'createdAt':1700000000000"

static void test_record(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    assert_json(write_record(fixture->record, VIEW_FULL),
                "{" FACTS ",'status':'ringing','cause':null,'rev':1}");
    make_ended(fixture);
    assert_json(write_record(fixture->record, VIEW_FULL),
                "{" FACTS
                ",'status':'ended','cause':'hangup','reason':'Bye','ringingAt':1700000000000,"
                "'acceptedAt':1700000003000,'endedAt':1700000008000,'durationMs':5000,'answeredBy':"
                "'tablet',"
                "'endedBy':'bob','rev':3}");
}

static void test_record_without_extras(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_bare(fixture);
    make_closed(fixture, CALL_CANCELLED, CAUSE_CALLER_LOST, NULL);
    assert_json(write_record(fixture->record, VIEW_CALLER),
                "{'callId':'C1','callerId':'alice','calleeId':'bob','media':{'audio':true,'video':"
                "false},'mode':'none',"
                "'createdAt':1700000000000,'status':'cancelled','cause':'caller_lost','endedAt':"
                "1700000003000,'rev':2}");
}

static void test_record_masked(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    make_ringing(fixture);
    assert_json(write_record(fixture->record, VIEW_CALLER_MASKED),
                "{" FACTS ",'status':'ringing','cause':null,'rev':1}");
    make_closed(fixture, CALL_REJECTED, CAUSE_BUSY, NULL);
    fixture->record->veil = (Veil){.is_set = TRUE, .status = CALL_RINGING, .rev = 1};
    assert_json(write_record(fixture->record, VIEW_CALLER_MASKED),
                "{" FACTS ",'status':'ringing','cause':null,'rev':1}");
    assert_json(
        write_record(fixture->record, VIEW_FULL),
        "{" FACTS
        ",'status':'rejected','cause':'busy','ringingAt':1700000000000,'endedAt':1700000003000,"
        "'rev':2}");
}

/* --- replies --- */

#define SUCCESS(request) "{'call':'success','request':'call:" request "'"

static GPtrArray *calls_of(Fixture *fixture, Snapshot snapshot)
{
    GPtrArray *calls = g_ptr_array_new_with_free_func(g_free);
    Snapshot *one = g_new(Snapshot, 1);

    *one = snapshot;
    one->record = fixture->record;
    g_ptr_array_add(calls, one);
    return calls;
}

#define REGISTERED                                                                                 \
    SUCCESS("register")                                                                            \
    ",'userId':'bob','deviceId':'tablet','protocol':1,'serverTime':1700000002000,"                 \
    "'timers':{'ringMs':45000,'unreachableMs':20000,'callerGraceMs':12000,'inCallGraceMs':30000,'" \
    "mediaMs':20000,"                                                                              \
    "'maxDurationMs':0},"                                                                          \
    "'limits':{'maxDevices':10,'maxLiveCalls':2,'reasonBytes':256,'dataBytes':4096,'updateBytes':" \
    "4096,"                                                                                        \
    "'signalBytes':65536},"

static Reply registered(GPtrArray *calls)
{
    return (Reply){.request = EVENT_REGISTER,
                   .wall_ms = AT + 2000,
                   .user_id = g_ref_string_new("bob"),
                   .device_id = g_ref_string_new("tablet"),
                   .calls = calls,
                   .is_complete = TRUE,
                   .expires_in_ms = -1};
}

static void test_register_reply(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = registered(g_ptr_array_new());

    assert_reply(&reply, REGISTERED "'calls':[],'complete':true}");
    make_ringing(fixture);
    reply = registered(calls_of(fixture, (Snapshot){.is_live = TRUE, .expires_in_ms = 43000}));
    assert_reply(&reply, REGISTERED
                 "'calls':[{" FACTS ",'status':'ringing','cause':null,'ringingAt':1700000000000,"
                 "'rev':1,'expiresInMs':43000,'role':'callee'}],'complete':true}");
}

static void test_register_reply_live_and_ended(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply;

    make_accepted(fixture);
    reply = registered(calls_of(
        fixture,
        (Snapshot){.view = VIEW_CALLER, .is_live = TRUE, .is_caller = TRUE, .expires_in_ms = -1}));
    assert_reply(&reply, REGISTERED
                 "'calls':[{" FACTS ",'status':'accepted','cause':null,'ringingAt':1700000000000,"
                 "'acceptedAt':1700000003000,'answeredBy':'tablet','rev':2,'role':'caller'}],"
                 "'complete':true}");
    make_ended(fixture);
    reply = registered(calls_of(fixture, (Snapshot){.expires_in_ms = -1}));
    reply.is_complete = FALSE;
    assert_reply(&reply, REGISTERED
                 "'calls':[{" FACTS ",'status':'ended','cause':'hangup','reason':'Bye',"
                 "'ringingAt':1700000000000,'acceptedAt':1700000003000,'endedAt':1700000008000,"
                 "'durationMs':5000,'answeredBy':'tablet','endedBy':'bob','rev':3}],"
                 "'complete':false}");
}

static void test_initiate_reply(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_INITIATE,
                   .record = fixture->record,
                   .view = VIEW_CALLER,
                   .expires_in_ms = 45000,
                   .devices = 2};

    assert_reply(
        &reply,
        SUCCESS(
            "initiate") ",'callId':'C1','status':'ringing','rev':1,'reachable':true,'devices':2,"
                        "'expiresAt':1700000045000,'expiresInMs':45000}");
    reply = (Reply){.request = EVENT_INITIATE,
                    .record = fixture->record,
                    .view = VIEW_CALLER,
                    .expires_in_ms = 45000,
                    .replaced = g_ref_string_new("C0"),
                    .is_not_durable = TRUE};
    assert_reply(
        &reply,
        SUCCESS(
            "initiate") ",'callId':'C1','status':'ringing','rev':1,'reachable':false,'devices':0,"
                        "'expiresAt':1700000045000,'expiresInMs':45000,'replacedCallId':'C0',"
                        "'durable':false}");
}

static void test_initiate_reply_masked(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_INITIATE,
                   .record = fixture->record,
                   .view = VIEW_CALLER_MASKED,
                   .expires_in_ms = 45000,
                   .devices = 2};

    assert_reply(
        &reply,
        SUCCESS("initiate") ",'callId':'C1','status':'ringing','rev':1,'expiresAt':1700000045000,"
                            "'expiresInMs':45000}");
}

static void test_initiate_reply_busy(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_INITIATE,
                   .record = fixture->record,
                   .view = VIEW_CALLER,
                   .expires_in_ms = -1};

    make_closed(fixture, CALL_REJECTED, CAUSE_BUSY, NULL);
    assert_reply(&reply,
                 SUCCESS("initiate") ",'callId':'C1','status':'rejected','cause':'busy','rev':2}");
}

static void test_replies_about_a_call(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply ringing = {.request = EVENT_RINGING, .record = fixture->record, .expires_in_ms = -1};
    Reply accept = {.request = EVENT_ACCEPT, .record = fixture->record, .expires_in_ms = -1};
    Reply signal = {.request = EVENT_SIGNAL, .record = fixture->record, .expires_in_ms = -1};
    Reply update = {.request = EVENT_UPDATE,
                    .record = fixture->record,
                    .expires_in_ms = -1,
                    .is_undelivered = TRUE};
    Reply reject = {.request = EVENT_REJECT, .record = fixture->record, .expires_in_ms = -1};
    Reply end = {.request = EVENT_END, .record = fixture->record, .expires_in_ms = -1};

    assert_reply(&ringing, SUCCESS("ringing") ",'callId':'C1','status':'ringing','rev':1}");
    make_accepted(fixture);
    assert_reply(&accept,
                 SUCCESS("accept") ",'callId':'C1','status':'accepted','rev':2,'mode':'p2p',"
                                   "'media':{'audio':true,'video':true}}");
    assert_reply(&signal, SUCCESS("signal") ",'callId':'C1','status':'accepted','rev':2}");
    assert_reply(&update,
                 SUCCESS("update") ",'callId':'C1','status':'accepted','rev':2,'delivered':false}");
    make_closed(fixture, CALL_REJECTED, CAUSE_DECLINED, "bob");
    assert_reply(
        &reject,
        SUCCESS("reject") ",'callId':'C1','status':'rejected','cause':'declined','rev':2}");
    make_closed(fixture, CALL_CANCELLED, CAUSE_CANCELLED, "alice");
    assert_reply(&end,
                 SUCCESS("end") ",'callId':'C1','status':'cancelled','cause':'cancelled','rev':2}");
}

static void test_get_reply(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_GET, .record = fixture->record, .expires_in_ms = -1};

    assert_reply(&reply,
                 SUCCESS("get") ",'callId':'C1','status':'ringing','rev':1,"
                                "'record':{" FACTS ",'status':'ringing','cause':null,'rev':1}}");
}

static void test_history_reply(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_HISTORY, .calls = g_ptr_array_new(), .expires_in_ms = -1};

    assert_reply(&reply, SUCCESS("history") ",'calls':[]}");
    make_closed(fixture, CALL_TIMEOUT, CAUSE_NO_ANSWER, NULL);
    reply = (Reply){.request = EVENT_HISTORY,
                    .calls = calls_of(fixture, (Snapshot){.expires_in_ms = -1}),
                    .next = g_strdup("cursor"),
                    .expires_in_ms = -1};
    assert_reply(&reply,
                 SUCCESS("history") ",'calls':[{" FACTS ",'status':'timeout','cause':'no_answer',"
                                    "'endedAt':1700000003000,'rev':2}],'next':'cursor'}");
}

static void test_other_replies(Fixture *fixture G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    Reply unregister = {.request = EVENT_UNREGISTER, .expires_in_ms = -1};
    Reply disconnect = {.request = EVENT_DISCONNECT, .devices = 3, .expires_in_ms = -1};

    assert_reply(&unregister, SUCCESS("unregister") "}");
    assert_reply(&disconnect, "{'call':'success','request':'disconnect','devices':3}");
}

/* --- refusals --- */

static void test_refusal(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_ACCEPT,
                   .refusal = REFUSAL_CALL_OVER,
                   .text = g_strdup("the call is over"),
                   .record = fixture->record,
                   .expires_in_ms = -1};

    make_closed(fixture, CALL_CANCELLED, CAUSE_CANCELLED, "alice");
    assert_reply(&reply,
                 "{'call':'error','request':'call:accept','error_code':410,'code':'call_over',"
                 "'error':'the call is "
                 "over','callId':'C1','status':'cancelled','cause':'cancelled','rev':2}");
}

static void test_refusal_of_a_live_call(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply reply = {.request = EVENT_SIGNAL,
                   .refusal = REFUSAL_WRONG_STATE,
                   .text = g_strdup("not yet"),
                   .record = fixture->record,
                   .expires_in_ms = -1};

    assert_reply(&reply,
                 "{'call':'error','request':'call:signal','error_code':409,'code':'wrong_state',"
                 "'error':'not yet','callId':'C1','status':'ringing','cause':null,'rev':1}");
}

static void test_refusal_with_extras(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Reply glare = {.request = EVENT_INITIATE,
                   .refusal = REFUSAL_GLARE,
                   .text = g_strdup("x"),
                   .other = record_ref(fixture->record),
                   .expires_in_ms = -1};
    Reply limit = {.request = EVENT_INITIATE,
                   .refusal = REFUSAL_RATE_LIMITED,
                   .text = g_strdup("x"),
                   .retry_after_ms = 250,
                   .expires_in_ms = -1};

    assert_reply(
        &glare,
        "{'call':'error','request':'call:initiate','error_code':409,'code':'glare','error':'x',"
        "'otherCallId':'C1','otherStatus':'ringing'}");
    assert_reply(&limit,
                 "{'call':'error','request':'call:initiate','error_code':429,'code':'rate_limited',"
                 "'error':'x','retryAfterMs':250}");
}

static void test_refusal_of_no_request(Fixture *fixture G_GNUC_UNUSED,
                                       gconstpointer data G_GNUC_UNUSED)
{
    assert_json(write_refusal(REFUSAL_UNKNOWN_REQUEST, "there is no such request", "call:dance"),
                "{'call':'error','request':'call:dance','error_code':404,'code':'unknown_request',"
                "'error':'there is no such request'}");
    assert_json(write_refusal(REFUSAL_INVALID_REQUEST, "request: is required", NULL),
                "{'call':'error','error_code':400,'code':'invalid_request','error':'request: is "
                "required'}");
}

static void add(const char *path, void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/write/incoming", test_incoming);
    add("/write/outgoing", test_outgoing);
    add("/write/ringing", test_ringing);
    add("/write/accepted", test_accepted);
    add("/write/text", test_text);
    add("/write/rejected", test_rejected);
    add("/write/timeout", test_timeout);
    add("/write/ended", test_ended);
    add("/write/ended-by-nobody", test_ended_by_nobody);
    add("/write/ended-elsewhere", test_ended_elsewhere);
    add("/write/ended-at-once-lasted-no-time", test_ended_at_once);
    add("/write/peer", test_peer);
    add("/write/signal-and-updated", test_signal);
    add("/write/replaced-and-unregistered", test_registration_is_lost);
    add("/write/record", test_record);
    add("/write/record-without-extras", test_record_without_extras);
    add("/write/record-for-a-caller-who-must-not-know", test_record_masked);
    add("/write/reply-to-register", test_register_reply);
    add("/write/reply-to-register-with-calls", test_register_reply_live_and_ended);
    add("/write/reply-to-initiate", test_initiate_reply);
    add("/write/reply-to-initiate-for-a-caller-who-must-not-know", test_initiate_reply_masked);
    add("/write/reply-to-initiate-busy", test_initiate_reply_busy);
    add("/write/replies-about-a-call", test_replies_about_a_call);
    add("/write/reply-to-get", test_get_reply);
    add("/write/reply-to-history", test_history_reply);
    add("/write/other-replies", test_other_replies);
    add("/write/refusal", test_refusal);
    add("/write/refusal-about-a-live-call", test_refusal_of_a_live_call);
    add("/write/refusal-with-extras", test_refusal_with_extras);
    add("/write/refusal-of-what-is-no-request", test_refusal_of_no_request);
    return g_test_run();
}
