#include "checker.h"

#include <string.h>

#include "rules.h"

struct Checker {
    Model *model;
    Rules *rules;
    Expectation expectation;
    Coverage coverage;
    char wrong[256];
};

Checker *checker_new(void)
{
    Checker *checker = g_new0(Checker, 1);

    checker->rules = rules_new();
    return checker;
}

void checker_free(Checker *checker)
{
    if (!checker)
        return;
    rules_free(checker->rules);
    g_free(checker);
}

void checker_reset(Checker *checker, Model *model)
{
    checker->model = model;
    rules_reset(checker->rules);
}

const Coverage *checker_coverage(const Checker *checker)
{
    return &checker->coverage;
}

/* Says what is wrong; the words of the first stay. */
static gboolean G_GNUC_PRINTF(2, 3) wrong(Checker *checker, const char *format, ...)
{
    va_list args;

    if (checker->wrong[0])
        return FALSE;
    va_start(args, format);
    g_vsnprintf(checker->wrong, sizeof checker->wrong, format, args);
    va_end(args);
    return FALSE;
}

static gboolean is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* "" stands for none. */
static gboolean is_same_or_none(const char *seen, const char *expected)
{
    return strcmp(seen ? seen : "", expected) == 0;
}

/* --- records --- */

static gboolean same_times(const RecordView *a, const RecordView *b)
{
    return a->ringing_ms == b->ringing_ms && a->accepted_ms == b->accepted_ms &&
           a->ended_ms == b->ended_ms && a->duration_ms == b->duration_ms;
}

static gboolean same_words(const RecordView *a, const RecordView *b)
{
    return is_same_text(a->reason, b->reason) && is_same_text(a->answered_by, b->answered_by) &&
           is_same_text(a->ended_by, b->ended_by);
}

static gboolean check_sight(Checker *checker, const char *where, const RecordView *seen,
                            const RecordView *expected)
{
    if (seen->status != expected->status || seen->cause != expected->cause ||
        seen->rev != expected->rev)
        return wrong(
            checker, "%s: the record says %s/%s rev %u, expected %s/%s rev %u", where,
            call_state_name(seen->status), cause_name(seen->cause) ? cause_name(seen->cause) : "-",
            seen->rev, call_state_name(expected->status),
            cause_name(expected->cause) ? cause_name(expected->cause) : "-", expected->rev);
    if (!same_times(seen, expected))
        return wrong(checker, "%s: the record's times are wrong", where);
    if (!same_words(seen, expected))
        return wrong(checker, "%s: the record's reason, answeredBy or endedBy is wrong", where);
    return TRUE;
}

/* --- events to devices --- */

static gboolean is_for(const Said *said, const SeenCall *call, const Message *message,
                       const Model *model)
{
    return !said->was_seen && said->call == call &&
           strcmp(model->users[said->user].id, message->to_user) == 0 &&
           strcmp(said->device_id, message->to_device) == 0;
}

/* The next thing that this device must be told about this call. */
static Said *next_said(Checker *checker, const SeenCall *call, const Message *message)
{
    Expectation *expectation = &checker->expectation;

    for (guint i = 0; i < expectation->said_count; i++) {
        if (is_for(&expectation->said[i], call, message, checker->model))
            return &expectation->said[i];
    }
    return NULL;
}

static SeenCall *call_of_facts(const Model *model, const CallFacts *facts)
{
    for (guint i = model->call_count; i > 0; i--) {
        if (model->calls[i - 1].facts == facts)
            return &model->calls[i - 1];
    }
    return NULL;
}

static gboolean has_cause(MessageKind kind)
{
    return kind == MESSAGE_ENDED || kind == MESSAGE_REJECTED || kind == MESSAGE_TIMEOUT ||
           kind == MESSAGE_UNREGISTERED;
}

/* --- media --- */

/* Only the two devices in an accepted call are told how they get their media. */
static gboolean check_join(Checker *checker, const char *where, const Join *join, SeenCall *call,
                           const SeenDevice *device)
{
    const SeenLeg *leg = call && device ? model_leg(call, device) : NULL;
    gboolean is_told = leg && call->is_live && call->state == CALL_ACCEPTED &&
                       leg->state == SEEN_IN_CALL && call->mode != MODE_NONE;
    const SeenSeat *seat = is_told ? &call->seats[leg != &call->legs[0]] : NULL;
    gboolean has_room = is_told && call->mode == MODE_ROOM;

    if (join->is_set != is_told)
        return wrong(checker, "%s: %s join", where, is_told ? "no" : "an unexpected");
    if (!is_same_or_none(join->token, seat ? seat->token : "") ||
        !is_same_or_none(join->room, has_room ? call->room : "") || (join->pin != NULL) != has_room)
        return wrong(checker, "%s: the join is another one's", where);
    if (is_told && !is_same_text(join->user_id, checker->model->users[device->user].id))
        return wrong(checker, "%s: the join is made out to %s", where, join->user_id);
    return TRUE;
}

static Ordered *next_ordered(Checker *checker, const SeenCall *call)
{
    Expectation *expectation = &checker->expectation;

    for (guint i = 0; i < expectation->ordered_count; i++) {
        if (!expectation->ordered[i].was_seen && expectation->ordered[i].call == call)
            return &expectation->ordered[i];
    }
    return NULL;
}

static gboolean check_order_given(Checker *checker, const MediaOrder *order)
{
    const char *name = media_order_name(order->kind);
    Ordered *ordered = next_ordered(checker, call_of_facts(checker->model, order->record->facts));
    gboolean has_room = order->kind == MEDIA_ORDER_ROOM;

    if (!ordered || ordered->kind != order->kind)
        return wrong(checker, "the order to %s was not expected now", name);
    ordered->was_seen = TRUE;
    checker->coverage.orders[order->kind]++;
    if (order->joined[SIDE_CALLER] != ordered->joined[SIDE_CALLER] ||
        order->joined[SIDE_CALLEE] != ordered->joined[SIDE_CALLEE] || order->at != ordered->at)
        return wrong(checker, "the order to %s is about other handles", name);
    if (order->is_recorded != ordered->is_recorded)
        return wrong(checker, "the order to %s says the wrong thing about recording", name);
    if (order->kind == MEDIA_ORDER_CONFIGURE && order->wish.video != ordered->video)
        return wrong(checker, "the order to configure wants something else");
    if (has_room &&
        (!is_same_or_none(order->tokens[SIDE_CALLER], ordered->call->seats[SIDE_CALLER].token) ||
         !is_same_or_none(order->tokens[SIDE_CALLEE], ordered->call->seats[SIDE_CALLEE].token)))
        return wrong(checker, "the room lets others in");
    return TRUE;
}

static gboolean check_jsep(Checker *checker, const Message *seen, const Said *said)
{
    if (!is_same_or_none(seen->jsep, said->jsep) || seen->jsep_kind != said->jsep_kind)
        return wrong(checker, "%s: the JSEP is %s, expected %s", message_name(seen->kind),
                     seen->jsep, said->jsep);
    return TRUE;
}

static gboolean check_fields(Checker *checker, const Message *seen, const Said *said)
{
    const char *name = message_name(seen->kind);

    if (has_cause(seen->kind) && seen->cause != said->cause)
        return wrong(checker, "%s: the cause is %s, expected %s", name, cause_name(seen->cause),
                     cause_name(said->cause));
    if (seen->kind == MESSAGE_ENDED && seen->status != said->status)
        return wrong(checker, "%s: the status is %s, expected %s", name,
                     call_state_name(seen->status), call_state_name(said->status));
    if (seen->kind == MESSAGE_PEER && seen->is_connected != said->is_connected)
        return wrong(checker, "%s: says the wrong state", name);
    if (seen->expires_in_ms != said->expires_in_ms)
        return wrong(checker, "%s: expiresInMs is wrong", name);
    if (!is_same_or_none(seen->device_id, said->about))
        return wrong(checker, "%s: the deviceId is %s, expected %s", name, seen->device_id,
                     said->about);
    if (!is_same_text(seen->from, said->from < 0 ? NULL : checker->model->users[said->from].id) ||
        !is_same_text(seen->data, said->data))
        return wrong(checker, "%s: from or data is wrong", name);
    if (seen->timestamp_ms != checker->model->wall_ms)
        return wrong(checker, "%s: the timestamp is not the step's", name);
    return TRUE;
}

static gboolean check_message(Checker *checker, const Effect *effect)
{
    const Message *message = &effect->message;
    const char *name = message_name(message->kind);
    const SeenCall *call =
        message->record ? call_of_facts(checker->model, message->record->facts) : NULL;
    Said *said = next_said(checker, call, message);
    RecordView sight;

    if (!said || said->kind != message->kind)
        return wrong(checker, "%s to %s/%s: expected %s", name, message->to_user,
                     message->to_device, said ? message_name(said->kind) : "nothing");
    said->was_seen = TRUE;
    if (effect->to != said->to)
        return wrong(checker, "%s to %s/%s goes to the wrong address", name, message->to_user,
                     message->to_device);
    if (!check_jsep(checker, message, said) ||
        !check_join(checker, name, &message->join,
                    message->kind == MESSAGE_ACCEPTED ? said->call : NULL,
                    model_device(checker->model, said->user, said->device_id)))
        return FALSE;
    if (!call)
        return check_fields(checker, message, said);
    sight = record_view(message->record, message->view);
    if (message->view != said->view)
        return wrong(checker, "%s: shows the record to the wrong eyes", name);
    return check_sight(checker, name, &sight, &said->sight) && check_fields(checker, message, said);
}

/* --- revisions for the backend and the store --- */

/* The first record of a call shows which facts are its own. */
static void learn_facts(Checker *checker, const Record *record)
{
    for (guint i = 0; i < checker->expectation.kept_count; i++) {
        SeenCall *call = checker->expectation.kept[i].call;

        if (!call->facts && strcmp(call->id, record->facts->call_id) == 0)
            call->facts = call_facts_ref(record->facts);
    }
}

static Kept *next_kept(Checker *checker, const SeenCall *call)
{
    for (guint i = 0; i < checker->expectation.kept_count; i++) {
        Kept *kept = &checker->expectation.kept[i];

        if (!kept->was_seen && kept->call == call)
            return kept;
    }
    return NULL;
}

static gboolean check_facts(Checker *checker, const SeenCall *call, const CallFacts *facts)
{
    const Model *model = checker->model;

    if (strcmp(facts->caller_id, model->users[call->caller].id) != 0 ||
        strcmp(facts->callee_id, model->users[call->callee].id) != 0 ||
        facts->ring_ms != call->ring_ms || facts->mode != call->mode ||
        facts->created_ms != model->wall_ms)
        return wrong(checker, "the new call's facts are wrong");
    return TRUE;
}

/* What its parties may still ask for when a call is over. */
static void remember(Checker *checker, const Kept *kept, const Record *record)
{
    SeenCall *call = kept->call;

    if (kept->change == CHANGE_CLOSED && record->veil.is_set) {
        model_remember(checker->model, call->callee, call);
    } else if (kept->change == CHANGE_CLOSED) {
        model_remember(checker->model, call->caller, call);
        model_remember(checker->model, call->callee, call);
    } else if (record->veil.is_set && kept->change == CHANGE_TOUCHED) {
        model_remember(checker->model, call->caller, call);
    }
}

static gboolean check_record(Checker *checker, const Effect *effect)
{
    const Record *record = effect->record;
    const SeenCall *call = call_of_facts(checker->model, record->facts);
    Kept *kept = next_kept(checker, call);
    RecordView truth = record_view(record, VIEW_FULL), belief = record_view(record, VIEW_CALLER);

    if (!kept || kept->change != effect->change)
        return wrong(checker, "a record of %s was not expected to change now, or not so",
                     record->facts->call_id);
    kept->was_seen = TRUE;
    if (!check_sight(checker, "record", &truth, &kept->truth))
        return FALSE;
    if (record->veil.is_set && !check_sight(checker, "veil", &belief, &kept->belief))
        return FALSE;
    if (effect->change == CHANGE_CREATED && !check_facts(checker, call, record->facts))
        return FALSE;
    if (call_state_is_final(truth.status))
        checker->coverage.closed[truth.status][truth.cause]++;
    remember(checker, kept, record);
    record_unref(kept->call->record);
    kept->call->record = record_ref(effect->record);
    return TRUE;
}

static gboolean check_push(Checker *checker, const Effect *effect)
{
    const CallFacts *facts = effect->record->facts;
    const Model *model = checker->model;

    for (guint i = 0; i < checker->expectation.pushed_count; i++) {
        Pushed *pushed = &checker->expectation.pushed[i];

        if (pushed->was_seen || strcmp(pushed->call->id, facts->call_id) != 0 ||
            strcmp(model->users[pushed->call->caller].id, facts->caller_id) != 0 ||
            pushed->is_stop != effect->is_stop || pushed->expires_in_ms != effect->expires_in_ms)
            continue;
        pushed->was_seen = TRUE;
        checker->coverage.pushes[effect->is_stop]++;
        return TRUE;
    }
    return wrong(checker, "the backend was not to be asked about %s now, or not so",
                 facts->call_id);
}

/* --- replies --- */

static const SeenEnded *find_ended(const Model *model, guint user, const SeenCall *call)
{
    for (guint i = model->ended_end; i > 0; i--) {
        if (model->ended[i - 1].call == call && model->ended[i - 1].user == user)
            return &model->ended[i - 1];
    }
    return NULL;
}

/* The store said so, and memory does not know better. */
static gboolean is_brought(const Event *event, const Model *model, guint user, const SeenCall *call)
{
    return event->reg.ended && g_ptr_array_find(event->reg.ended, call->record, NULL) &&
           !model_call(model, user, call->id);
}

static gboolean check_snapshot(Checker *checker, const Event *event, guint user,
                               const Snapshot *snapshot)
{
    const Model *model = checker->model;
    SeenCall *call = call_of_facts(model, snapshot->record->facts);
    RecordView seen = record_view(snapshot->record, snapshot->view), expected;
    const SeenEnded *ended;
    gboolean is_live;

    if (!call || !model_is_party(call, user))
        return wrong(checker, "the snapshot shows a call of others");
    is_live = model_is_live_for(call, user);
    ended = find_ended(model, user, call);
    if (!is_live && !(ended && (ended->is_kept || is_brought(event, model, user, call))))
        return wrong(checker, "the snapshot shows a call that is forgotten");
    if (snapshot->is_live != is_live || snapshot->is_caller != (call->caller == user))
        return wrong(checker, "the snapshot says the wrong role, or live of what is over");
    if (snapshot->expires_in_ms !=
        (is_live && call->state == CALL_RINGING
             ? MAX(call->created_us + call->ring_ms * 1000 - model->now_us, 0) / 1000
             : -1))
        return wrong(checker, "the snapshot's expiresInMs is wrong");
    if (!check_join(checker, "snapshot", &snapshot->join, call,
                    model_device(model, user, checker->expectation.device_id)))
        return FALSE;
    expected = model_sight(model, call, user);
    return check_sight(checker, "snapshot", &seen, &expected);
}

static guint calls_to_show(const Model *model, const Event *event, guint user)
{
    guint most = model->settings.limits.max_ended_per_user;
    guint calls = model_live_calls(model, user), brought = 0;

    for (guint i = 0; i < model->ended_end; i++) {
        const SeenEnded *ended = &model->ended[i];

        if (ended->user != user)
            continue;
        calls += ended->is_kept;
        brought += !ended->is_kept && is_brought(event, model, user, ended->call);
    }
    return calls >= most ? calls : MIN(calls + brought, most);
}

/* Its place among the user's calls, newest first: what lives, what memory keeps, what the store brought. */
static guint64 rank(const Model *model, guint user, const Snapshot *snapshot)
{
    const SeenCall *call = call_of_facts(model, snapshot->record->facts);

    const SeenEnded *ended = find_ended(model, user, call);

    if (snapshot->is_live)
        return 2 * (guint64)ENDED_MOST + (guint64)(call - model->calls);
    return (ended->is_kept ? (guint64)ENDED_MOST : 0) + (guint64)(ended - model->ended);
}

static gboolean check_order(Checker *checker, guint user, const GPtrArray *calls)
{
    for (guint i = 1; i < calls->len; i++) {
        if (rank(checker->model, user, g_ptr_array_index(calls, i - 1)) <=
            rank(checker->model, user, g_ptr_array_index(calls, i)))
            return wrong(checker, "the snapshot is not newest first");
    }
    return TRUE;
}

static gboolean check_registration(Checker *checker, const Event *event, const Reply *reply)
{
    const Expectation *expectation = &checker->expectation;
    guint user = (guint)expectation->user;

    if (!is_same_text(reply->user_id, checker->model->users[user].id) ||
        !is_same_text(reply->device_id, expectation->device_id))
        return wrong(checker, "the register's reply names another user or device");
    if (reply->expires_in_ms != expectation->expires_in_ms)
        return wrong(checker, "the registration lasts %" G_GINT64_FORMAT " ms, it says",
                     reply->expires_in_ms);
    for (guint i = 0; i < reply->calls->len; i++) {
        if (!check_snapshot(checker, event, user, g_ptr_array_index(reply->calls, i)))
            return FALSE;
    }
    /* All of them are different calls of the user's, so equal in number is equal. */
    if (reply->calls->len != calls_to_show(checker->model, event, user))
        return wrong(checker, "the snapshot shows %u calls, expected %u", reply->calls->len,
                     calls_to_show(checker->model, event, user));
    return check_order(checker, user, reply->calls);
}

static gboolean check_reply_about(Checker *checker, const Reply *reply)
{
    const Expectation *expectation = &checker->expectation;
    RecordView sight = record_view(reply->record, reply->view);

    if (call_of_facts(checker->model, reply->record->facts) != expectation->call)
        return wrong(checker, "the reply is about another call");
    if (reply->view != expectation->view)
        return wrong(checker, "the reply shows the record to the wrong eyes");
    if (reply->refusal == REFUSAL_NONE && reply->request == EVENT_INITIATE &&
        (reply->expires_in_ms != expectation->expires_in_ms ||
         reply->devices != expectation->devices))
        return wrong(checker, "the initiate's reply says %" G_GINT64_FORMAT " ms and %u devices",
                     reply->expires_in_ms, reply->devices);
    return check_sight(checker, "reply", &sight, &expectation->sight);
}

static gboolean check_refusal(Checker *checker, const Reply *reply)
{
    const Expectation *expectation = &checker->expectation;
    const SeenCall *other =
        reply->other ? call_of_facts(checker->model, reply->other->facts) : NULL;

    if (reply->refusal != expectation->refusal)
        return wrong(checker, "the reply is %s, expected %s",
                     reply->refusal ? refusal_name(reply->refusal) : "success",
                     expectation->refusal ? refusal_name(expectation->refusal) : "success");
    if (reply->retry_after_ms != expectation->retry_after_ms)
        return wrong(checker, "retryAfterMs is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT,
                     reply->retry_after_ms, expectation->retry_after_ms);
    if (reply->refusal != REFUSAL_NONE && !reply->text)
        return wrong(checker, "a refusal without a text");
    if ((other != NULL) != (expectation->other != NULL))
        return wrong(checker, other ? "the reply names another call" : "the glare names no call");
    /* When there are several it may be any of them. */
    if (other &&
        (!other->is_live || other->is_veiled || other->caller != expectation->other->caller ||
         other->callee != expectation->other->callee))
        return wrong(checker, "the glare names a call that is none of theirs");
    return TRUE;
}

static gboolean check_told_of_media(Checker *checker, const Event *event, const Reply *reply)
{
    const SeenDevice *device = event->from ? model_device_at(checker->model, event->from) : NULL;
    gboolean is_accept = reply->request == EVENT_ACCEPT && reply->refusal == REFUSAL_NONE;

    if (reply->request == EVENT_RECORD && reply->refusal == REFUSAL_NONE &&
        reply->is_recorded != event->record.is_on)
        return wrong(checker, "the reply says the wrong thing about recording");
    return check_join(checker, "reply", &reply->join, is_accept ? checker->expectation.call : NULL,
                      device);
}

static gboolean check_extras(Checker *checker, const Event *event, const Reply *reply)
{
    const Expectation *expectation = &checker->expectation;

    if (!is_same_text(reply->replaced, expectation->replaced ? expectation->replaced->id : NULL))
        return wrong(checker, "the reply says that %s was replaced", reply->replaced);
    if (reply->is_undelivered != expectation->is_undelivered ||
        reply->is_elsewhere != expectation->is_elsewhere)
        return wrong(checker, "the reply is wrong about delivery, or where to look");
    if (!check_told_of_media(checker, event, reply))
        return FALSE;
    if (reply->request == EVENT_DISCONNECT && reply->devices != expectation->devices)
        return wrong(checker, "the reply says that %u devices went", reply->devices);
    if (reply->request == EVENT_REGISTER && reply->refusal == REFUSAL_NONE)
        return check_registration(checker, event, reply);
    return TRUE;
}

static gboolean check_reply(Checker *checker, const Event *event, const Effects *effects)
{
    const Reply *reply = &effects->reply;

    if (effects->has_reply != checker->expectation.is_answered)
        return wrong(checker, effects->has_reply ? "a reply that nobody asked for" : "no reply");
    if (!effects->has_reply)
        return TRUE;
    checker->coverage.refusals[reply->refusal]++;
    if (reply->request != event->kind || reply->wall_ms != event->wall_ms)
        return wrong(checker, "the reply is to something else");
    if (!check_refusal(checker, reply))
        return FALSE;
    if ((reply->record != NULL) != (checker->expectation.call != NULL))
        return wrong(checker,
                     reply->record ? "the reply is about a call" : "the reply is about no call");
    if (reply->record && !check_reply_about(checker, reply))
        return FALSE;
    return check_extras(checker, event, reply);
}

/* --- the whole step --- */

static gboolean check_effects(Checker *checker, const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        if (effect->kind == EFFECT_PUSH) {
            if (!check_push(checker, effect))
                return FALSE;
            continue;
        }
        if (effect->kind == EFFECT_RECORD) {
            if (!check_record(checker, effect))
                return FALSE;
            continue;
        }
        if (effect->kind == EFFECT_MEDIA) {
            if (!check_order_given(checker, &effect->order))
                return FALSE;
            continue;
        }
        if (effect->kind == EFFECT_SEND)
            checker->coverage.messages[effect->message.kind]++;
        else
            checker->coverage.missed[effect->message.kind]++;
        if (!check_message(checker, effect))
            return FALSE;
    }
    return TRUE;
}

/* All that had to come has come. */
static gboolean check_complete(Checker *checker)
{
    const Expectation *expectation = &checker->expectation;

    for (guint i = 0; i < expectation->said_count; i++) {
        const Said *said = &expectation->said[i];

        if (!said->was_seen)
            return wrong(checker, "%s to %s/%s did not come", message_name(said->kind),
                         checker->model->users[said->user].id, said->device_id);
    }
    for (guint i = 0; i < expectation->kept_count; i++) {
        if (!expectation->kept[i].was_seen)
            return wrong(checker, "no record of %s was kept", expectation->kept[i].call->id);
    }
    for (guint i = 0; i < expectation->pushed_count; i++) {
        if (!expectation->pushed[i].was_seen)
            return wrong(checker, "the backend was not asked about %s",
                         expectation->pushed[i].call->id);
    }
    for (guint i = 0; i < expectation->ordered_count; i++) {
        if (!expectation->ordered[i].was_seen)
            return wrong(checker, "the order to %s was not given",
                         media_order_name(expectation->ordered[i].kind));
    }
    return TRUE;
}

static gboolean check_stats(Checker *checker, const Hub *hub)
{
    const Model *model = checker->model;
    HubStats stats;

    hub_stats(hub, &stats);
    if (stats.live_calls != model->live_count)
        return wrong(checker, "the hub counts %u live calls, expected %u", stats.live_calls,
                     model->live_count);
    if (stats.devices != model_devices(model) || stats.away != model_away(model))
        return wrong(checker, "the hub counts %u devices, %u away, expected %u, %u", stats.devices,
                     stats.away, model_devices(model), model_away(model));
    if (stats.registered_users != model_registered_users(model))
        return wrong(checker, "the hub counts %u registered users, expected %u",
                     stats.registered_users, model_registered_users(model));
    return TRUE;
}

/* It may wake up for less, but never too late, and not for ever for the same thing. */
static gboolean check_deadline(Checker *checker, const Event *event, const Hub *hub)
{
    gint64 deadline_us = hub_deadline(hub);

    if (deadline_us > model_deadline(checker->model))
        return wrong(checker,
                     "the hub's deadline is %" G_GINT64_FORMAT " us, expected %" G_GINT64_FORMAT,
                     deadline_us, model_deadline(checker->model));
    if (event->kind == EVENT_TIMEOUT && deadline_us <= event->now_us)
        return wrong(checker, "a deadline is still due after the timeout");
    return TRUE;
}

static gboolean check_limits(Checker *checker)
{
    const Model *model = checker->model;

    for (guint i = 0; i < model->user_count; i++) {
        if (model_present_devices(model, i) > model->settings.limits.max_devices)
            return wrong(checker, "%s has too many devices", model->users[i].id);
        if (model_live_calls(model, i) > model->settings.limits.max_live_calls)
            return wrong(checker, "%s has too many live calls", model->users[i].id);
    }
    return TRUE;
}

static void learn_all_facts(Checker *checker, const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        if (effect->kind == EFFECT_RECORD && effect->change == CHANGE_CREATED)
            learn_facts(checker, effect->record);
    }
}

const char *checker_step(Checker *checker, const Event *event, const Effects *effects,
                         const Hub *hub)
{
    const char *broken;

    checker->wrong[0] = '\0';
    checker->coverage.steps++;
    checker->coverage.requests[event->kind]++;
    broken = rules_step(checker->rules, event, effects, hub);
    if (broken)
        return broken;
    expect(checker->model, event, &checker->expectation);
    learn_all_facts(checker, effects);
    if (check_effects(checker, effects) && check_complete(checker) &&
        check_reply(checker, event, effects) && check_stats(checker, hub) &&
        check_deadline(checker, event, hub) && check_limits(checker))
        return NULL;
    return checker->wrong;
}
