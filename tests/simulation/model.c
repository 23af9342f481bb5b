#include "model.h"

#include <string.h>

Model *model_new(void)
{
    Model *model = g_new0(Model, 1);

    model->calls = g_new0(SeenCall, CALLS_MOST);
    model->spent = g_hash_table_new(g_direct_hash, g_direct_equal);
    return model;
}

static void forget_facts(Model *model)
{
    for (guint i = 0; i < model->call_count; i++) {
        call_facts_unref(model->calls[i].facts);
        record_unref(model->calls[i].record);
    }
    model->call_count = 0;
}

void model_free(Model *model)
{
    if (!model)
        return;
    forget_facts(model);
    g_free(model->calls);
    g_hash_table_unref(model->spent);
    g_free(model);
}

void model_reset(Model *model, const HubSettings *settings, guint user_count)
{
    g_assert(user_count <= USERS_MOST);
    forget_facts(model);
    model->settings = *settings;
    model->user_count = user_count;
    model->live_count = 0;
    g_hash_table_remove_all(model->spent);
    model->ended_first = model->ended_end = model->ended_count = 0;
    model->now_us = 0;
    memset(model->device_used, 0, sizeof model->device_used);
    for (guint i = 0; i < user_count; i++) {
        SeenUser *user = &model->users[i];

        g_snprintf(user->id, sizeof user->id, "user%u", i);
        user->device_count = 0;
        user->early_end_count = 0;
        user->requests = user->relayed = (SeenBucket){0};
        memset(user->calls, 0, sizeof user->calls);
    }
}

/* --- users and devices --- */

int model_user(const Model *model, const char *user_id)
{
    for (guint i = 0; i < model->user_count; i++) {
        if (strcmp(model->users[i].id, user_id) == 0)
            return (int)i;
    }
    return -1;
}

SeenDevice *model_device(const Model *model, guint user, const char *device_id)
{
    const SeenUser *owner = &model->users[user];

    for (guint i = 0; i < owner->device_count; i++) {
        if (strcmp(owner->devices[i]->id, device_id) == 0)
            return owner->devices[i];
    }
    return NULL;
}

SeenDevice *model_device_at(const Model *model, const Address *address)
{
    for (guint i = 0; i < model->user_count; i++) {
        const SeenUser *user = &model->users[i];

        for (guint j = 0; j < user->device_count; j++) {
            if (user->devices[j]->address == address)
                return user->devices[j];
        }
    }
    return NULL;
}

gboolean model_is_present(const SeenDevice *device)
{
    return device->address && !device->is_expired;
}

guint model_registered_users(const Model *model)
{
    guint registered = 0;

    for (guint i = 0; i < model->user_count; i++)
        registered += model->users[i].device_count > 0;
    return registered;
}

guint model_present_devices(const Model *model, guint user)
{
    const SeenUser *owner = &model->users[user];
    guint present = 0;

    for (guint i = 0; i < owner->device_count; i++)
        present += model_is_present(owner->devices[i]);
    return present;
}

SeenDevice *model_nameless_away(const Model *model, guint user)
{
    const SeenUser *owner = &model->users[user];
    SeenDevice *found = NULL;

    for (guint i = 0; i < owner->device_count; i++) {
        SeenDevice *device = owner->devices[i];

        if (!device->is_nameless || device->address)
            continue;
        if (found)
            return NULL;
        found = device;
    }
    return found;
}

static SeenDevice *take_slot(Model *model)
{
    for (guint i = 0; i < G_N_ELEMENTS(model->devices); i++) {
        if (!model->device_used[i]) {
            model->device_used[i] = TRUE;
            return &model->devices[i];
        }
    }
    g_assert_not_reached();
}

SeenDevice *model_add_device(Model *model, guint user, const char *device_id, gboolean is_nameless)
{
    SeenUser *owner = &model->users[user];
    SeenDevice *device = take_slot(model);

    g_assert(owner->device_count < DEVICES_MOST);
    *device = (SeenDevice){.user = user, .is_nameless = is_nameless, .expires_us = G_MAXINT64};
    g_strlcpy(device->id, device_id, sizeof device->id);
    owner->devices[owner->device_count++] = device;
    return device;
}

void model_remove_device(Model *model, SeenDevice *device)
{
    SeenUser *owner = &model->users[device->user];
    guint at = 0;

    while (owner->devices[at] != device)
        at++;
    owner->device_count--;
    for (; at < owner->device_count; at++)
        owner->devices[at] = owner->devices[at + 1];
    model->device_used[device - model->devices] = FALSE;
}

guint model_devices(const Model *model)
{
    guint devices = 0;

    for (guint i = 0; i < model->user_count; i++)
        devices += model->users[i].device_count;
    return devices;
}

guint model_away(const Model *model)
{
    guint away = 0;

    for (guint i = 0; i < model->user_count; i++) {
        for (guint j = 0; j < model->users[i].device_count; j++)
            away += !model->users[i].devices[j]->address;
    }
    return away;
}

/* --- calls --- */

gboolean model_is_party(const SeenCall *call, guint user)
{
    return call->caller == user || call->callee == user;
}

gboolean model_is_live_for(const SeenCall *call, guint user)
{
    return call->is_live && (call->caller == user || (call->callee == user && !call->is_veiled));
}

static SeenCall *ended_call(const Model *model, guint user, const char *call_id)
{
    for (guint i = model->ended_first; i < model->ended_end; i++) {
        const SeenEnded *ended = &model->ended[i];

        if (ended->is_kept && ended->user == user && strcmp(ended->call->id, call_id) == 0)
            return ended->call;
    }
    return NULL;
}

SeenCall *model_call(const Model *model, guint user, const char *call_id)
{
    for (guint i = 0; i < model->live_count; i++) {
        SeenCall *call = model->live[i];

        if (model_is_live_for(call, user) && strcmp(call->id, call_id) == 0)
            return call;
    }
    return ended_call(model, user, call_id);
}

SeenCall *model_stored_call(const Model *model, guint user, const char *call_id)
{
    for (guint i = model->ended_end; i > 0; i--) {
        const SeenEnded *ended = &model->ended[i - 1];

        if (ended->user == user && strcmp(ended->call->id, call_id) == 0)
            return ended->call;
    }
    return NULL;
}

guint model_live_calls(const Model *model, guint user)
{
    guint live = 0;

    for (guint i = 0; i < model->live_count; i++)
        live += model_is_live_for(model->live[i], user);
    return live;
}

SeenCall *model_add_call(Model *model, const char *call_id, guint caller, guint callee)
{
    SeenCall *call = &model->calls[model->call_count];

    g_assert(model->call_count < CALLS_MOST && model->live_count < LIVE_MOST);
    model->call_count++;
    call->facts = NULL;
    call->record = NULL;
    g_strlcpy(call->id, call_id, sizeof call->id);
    call->caller = caller;
    call->callee = callee;
    call->state = CALL_RINGING;
    call->is_live = TRUE;
    call->is_veiled = call->is_alerting = FALSE;
    call->was_pushed = call->is_pushed = FALSE;
    call->truth = (RecordView){.status = CALL_RINGING, .rev = 1, .duration_ms = -1};
    call->created_us = model->now_us;
    call->mode = MODE_NONE;
    memset(call->seats, 0, sizeof call->seats);
    call->talk = (SeenTalk){0};
    call->room[0] = '\0';
    call->is_recorded = model->settings.is_recorded;
    call->awaits_media = call->is_media_held = FALSE;
    call->leg_count = 0;
    model->live[model->live_count++] = call;
    return call;
}

/* --- media --- */

SeenSeat *model_seat_of_token(const Model *model, const char *token, SeenCall **of)
{
    for (guint i = 0; i < model->live_count; i++) {
        SeenCall *call = model->live[i];

        for (guint side = 0; side < SIDES; side++) {
            if (call->mode != MODE_RELAY || strcmp(call->seats[side].token, token) != 0 || !*token)
                continue;
            *of = call;
            return &call->seats[side];
        }
    }
    return NULL;
}

SeenSeat *model_seat_at(const Model *model, const Address *address, SeenCall **of)
{
    for (guint i = 0; i < model->live_count; i++) {
        for (guint side = 0; side < SIDES; side++) {
            if (model->live[i]->seats[side].address != address)
                continue;
            *of = model->live[i];
            return &model->live[i]->seats[side];
        }
    }
    return NULL;
}

gboolean model_has_lost_media(const SeenSeat *seat)
{
    return seat->was_up && !seat->is_up;
}

gboolean model_is_absent(SeenCall *call, const SeenDevice *device)
{
    return !device->address || model_has_lost_media(&call->seats[call->legs[0].device != device]);
}

void model_retire_call(Model *model, SeenCall *call)
{
    guint at = 0;

    while (model->live[at] != call)
        at++;
    model->live[at] = model->live[--model->live_count];
    call->is_live = FALSE;
    call->leg_count = 0;
}

View model_view(const Model *model, const SeenCall *call, guint user)
{
    if (call->caller != user)
        return VIEW_FULL;
    return model->settings.reveal_presence ? VIEW_CALLER : VIEW_CALLER_MASKED;
}

RecordView model_sight(const Model *model, const SeenCall *call, guint user)
{
    View view = model_view(model, call, user);
    RecordView sight = call->is_veiled && view != VIEW_FULL ? call->belief : call->truth;

    if (view == VIEW_CALLER_MASKED) {
        sight.ringing_ms = 0;
        if (sight.cause == CAUSE_UNREACHABLE)
            sight.cause = CAUSE_NO_ANSWER;
    }
    return sight;
}

/* --- legs --- */

SeenLeg *model_leg(SeenCall *call, const SeenDevice *device)
{
    for (guint i = 0; i < call->leg_count; i++) {
        if (call->legs[i].device == device)
            return &call->legs[i];
    }
    return NULL;
}

void model_add_leg(SeenCall *call, SeenDevice *device, SeenLegState state)
{
    g_assert(call->leg_count < DEVICES_MOST);
    call->legs[call->leg_count++] = (SeenLeg){.device = device, .state = state};
}

void model_drop_leg(SeenCall *call, const SeenDevice *device)
{
    SeenLeg *leg = model_leg(call, device);

    if (leg)
        *leg = call->legs[--call->leg_count];
}

SeenCall *model_own_call(const Model *model, const SeenDevice *device)
{
    for (guint i = 0; i < model->live_count; i++) {
        const SeenLeg *leg = model_leg(model->live[i], device);

        if (leg && leg->state != SEEN_RINGING)
            return model->live[i];
    }
    return NULL;
}

/* --- what memory keeps for a while --- */

static void forget_ended(Model *model, SeenEnded *ended)
{
    ended->is_kept = FALSE;
    model->ended_count--;
    while (model->ended_first < model->ended_end && !model->ended[model->ended_first].is_kept)
        model->ended_first++;
}

static void forget_oldest_of(Model *model, guint user)
{
    SeenEnded *oldest = NULL;
    guint kept = 0;

    for (guint i = model->ended_first; i < model->ended_end; i++) {
        SeenEnded *ended = &model->ended[i];

        if (!ended->is_kept || ended->user != user)
            continue;
        if (!oldest)
            oldest = ended;
        kept++;
    }
    if (kept > model->settings.limits.max_ended_per_user)
        forget_ended(model, oldest);
}

void model_remember(Model *model, guint user, SeenCall *call)
{
    g_assert(model->ended_end < ENDED_MOST);
    model->ended[model->ended_end++] =
        (SeenEnded){.user = user, .call = call, .ended_us = model->now_us, .is_kept = TRUE};
    model->ended_count++;
    forget_oldest_of(model, user);
}

static void forget_old_calls(Model *model)
{
    while (model->ended_count) {
        SeenEnded *oldest = &model->ended[model->ended_first];

        if (model->ended_count <= model->settings.limits.max_ended &&
            oldest->ended_us + ENDED_KEPT_US > model->now_us)
            return;
        forget_ended(model, oldest);
    }
}

guint model_overdue(const Model *model, gint64 now_us)
{
    guint left = model->ended_count, overdue = 0;

    for (guint i = model->ended_first; i < model->ended_end; i++) {
        const SeenEnded *ended = &model->ended[i];

        if (!ended->is_kept)
            continue;
        if (left <= model->settings.limits.max_ended && ended->ended_us + ENDED_KEPT_US > now_us)
            break;
        left--;
        overdue++;
    }
    return overdue;
}

static void forget_early_end(SeenUser *user, guint at)
{
    user->early_end_count--;
    for (; at < user->early_end_count; at++)
        user->early_ends[at] = user->early_ends[at + 1];
}

static void forget_old_early_ends(Model *model)
{
    for (guint i = 0; i < model->user_count; i++) {
        SeenUser *user = &model->users[i];

        while (user->early_end_count &&
               user->early_ends[0].at_us + EARLY_END_KEPT_US <= model->now_us)
            forget_early_end(user, 0);
    }
}

gboolean model_take_early_end(Model *model, guint user, const char *call_id)
{
    SeenUser *owner = &model->users[user];

    for (guint i = 0; i < owner->early_end_count; i++) {
        if (strcmp(owner->early_ends[i].call_id, call_id) != 0)
            continue;
        forget_early_end(owner, i);
        return TRUE;
    }
    return FALSE;
}

void model_remember_early_end(Model *model, guint user, const char *call_id)
{
    SeenUser *owner = &model->users[user];
    SeenEarlyEnd *end;

    model_take_early_end(model, user, call_id);
    if (owner->early_end_count >= model->settings.limits.max_early_ends)
        forget_early_end(owner, 0);
    end = &owner->early_ends[owner->early_end_count++];
    g_strlcpy(end->call_id, call_id, sizeof end->call_id);
    end->at_us = model->now_us;
}

void model_advance(Model *model, gint64 now_us, gint64 wall_ms)
{
    model->now_us = now_us;
    model->wall_ms = wall_ms;
    forget_old_calls(model);
    forget_old_early_ends(model);
}

/* --- how fast --- */

gint64 model_take(const Model *model, SeenBucket *bucket, const Rate *rate, gint64 tokens)
{
    gint64 most = rate->size * rate->period_us;
    gint64 level = most;

    if (!rate->tokens)
        return 0;
    if (bucket->is_used)
        level = MIN(bucket->level + (model->now_us - bucket->at_us) * rate->tokens, most);
    if (level < tokens * rate->period_us)
        return (tokens * rate->period_us - level + rate->tokens - 1) / rate->tokens;
    *bucket = (SeenBucket){
        .level = level - tokens * rate->period_us, .at_us = model->now_us, .is_used = TRUE};
    return 0;
}

/* --- timers --- */

static void consider(SeenDue *due, gint64 at_us, CallState to, Cause cause)
{
    if (at_us < due->at_us)
        *due = (SeenDue){.at_us = at_us, .to = to, .cause = cause};
}

/* No device of the callee rings, or each is known to say so, and is silent. */
static void consider_push(const Model *model, const SeenCall *call, SeenDue *due)
{
    gint64 after_us = model->settings.timers.push_after_us;
    gint64 at_us = call->created_us + (call->leg_count > 1 ? after_us : 0);

    if (!after_us || call->was_pushed || call->is_veiled)
        return;
    for (guint i = 1; i < call->leg_count; i++) {
        if (call->legs[i].is_alerting || !call->legs[i].says_so)
            return;
    }
    if (at_us < due->at_us)
        *due = (SeenDue){.at_us = at_us, .is_push = TRUE};
}

static void consider_ring(const Model *model, const SeenCall *call, SeenDue *due)
{
    const Timers *timers = &model->settings.timers;
    gboolean was_rung = call->truth.ringing_ms != 0;
    const SeenDevice *calling = call->legs[0].device;

    consider(due, call->created_us + call->ring_ms * 1000, CALL_TIMEOUT,
             was_rung || call->is_veiled ? CAUSE_NO_ANSWER : CAUSE_UNREACHABLE);
    if (!was_rung && model->settings.reveal_presence)
        consider(due, call->created_us + timers->unreachable_us, CALL_TIMEOUT, CAUSE_UNREACHABLE);
    if (!calling->address)
        consider(due, calling->away_since_us + timers->caller_grace_us, CALL_CANCELLED,
                 CAUSE_CALLER_LOST);
    consider_push(model, call, due);
}

static void consider_talk(const Model *model, const SeenCall *call, SeenDue *due)
{
    const Timers *timers = &model->settings.timers;

    for (guint i = 0; i < call->leg_count; i++) {
        const SeenDevice *device = call->legs[i].device;
        const SeenSeat *seat = &call->seats[i];

        /* What was seen to work counts more than signalling. */
        if (model_has_lost_media(seat))
            consider(due, seat->down_since_us + timers->in_call_grace_us, CALL_ENDED,
                     CAUSE_CONNECTION_LOST);
        else if (!device->address && !seat->is_up)
            consider(due, device->away_since_us + timers->in_call_grace_us, CALL_ENDED,
                     CAUSE_CONNECTION_LOST);
    }
    if (call->awaits_media && !call->is_media_held)
        consider(due, call->media_at_us + call->media_left_us, CALL_FAILED, CAUSE_MEDIA_FAILED);
    if (timers->max_duration_us)
        consider(due, call->accepted_us + timers->max_duration_us, CALL_ENDED, CAUSE_MAX_DURATION);
}

SeenDue model_due(const Model *model, const SeenCall *call)
{
    SeenDue due = {.at_us = G_MAXINT64};

    if (call->state == CALL_RINGING)
        consider_ring(model, call, &due);
    else
        consider_talk(model, call, &due);
    return due;
}

gint64 model_device_due(const SeenDevice *device)
{
    if (device->address)
        return device->is_expired ? G_MAXINT64 : device->expires_us;
    return device->kept_until_us;
}

gint64 model_deadline(const Model *model)
{
    gint64 first = G_MAXINT64;

    for (guint i = 0; i < model->live_count; i++)
        first = MIN(first, model_due(model, model->live[i]).at_us);
    for (guint i = 0; i < model->user_count; i++) {
        for (guint j = 0; j < model->users[i].device_count; j++)
            first = MIN(first, model_device_due(model->users[i].devices[j]));
    }
    return first;
}
