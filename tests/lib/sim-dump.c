#include <string.h>

#include "sim-private.h"

static void dump_record(GString *text, const Record *record)
{
    const CallFacts *facts = record->facts;

    g_string_append_printf(
        text,
        "%s from %s/%s \"%s\" to %s audio %d video %d %s data %s made %" G_GINT64_FORMAT
        " rings %" G_GINT64_FORMAT,
        facts->call_id, facts->caller_id, facts->caller_device,
        facts->caller_name ? facts->caller_name : "", facts->callee_id, facts->media.audio,
        facts->media.video, mode_name(facts->mode), facts->data ? facts->data : "none",
        facts->created_ms, facts->ring_ms);
    g_string_append_printf(
        text,
        "\n        %s %s rev %u rung %" G_GINT64_FORMAT " answered %" G_GINT64_FORMAT
        " by %s ended %" G_GINT64_FORMAT " by %s lasted %" G_GINT64_FORMAT " reason %s",
        call_state_name(record->status),
        cause_name(record->cause) ? cause_name(record->cause) : "-", record->rev,
        record->ringing_ms, record->accepted_ms, record->answered_by ? record->answered_by : "-",
        record->ended_ms, record->ended_by ? record->ended_by : "-", record->duration_ms,
        record->reason ? record->reason : "-");
    if (record->veil.is_set)
        g_string_append_printf(
            text, "\n        veil %s %s rev %u ended %" G_GINT64_FORMAT " by %s",
            call_state_name(record->veil.status),
            cause_name(record->veil.cause) ? cause_name(record->veil.cause) : "-", record->veil.rev,
            record->veil.ended_ms, record->veil.ended_by ? record->veil.ended_by : "-");
    g_string_append_c(text, '\n');
}

static void dump_deadline(GString *text, const Deadline *deadline)
{
    if (deadline->place)
        g_string_append_printf(text, " until %" G_GINT64_FORMAT, deadline->at_us);
}

static void dump_call(GString *text, const Call *call)
{
    static const char *const leg_names[] = {"calling", "ringing", "in call"};

    g_string_append_printf(text, "    call %s%s%s ring end %" G_GINT64_FORMAT,
                           call_state_name(call->state), call->is_veiled ? " veiled" : "",
                           call->is_alerting ? " alerting" : "", call->ring_end_us);
    dump_deadline(text, &call->deadline);
    for (guint i = 0; i < call->legs->len; i++)
        g_string_append_printf(text, " [%s/%s %s]", call_leg(call, i)->device->user->id,
                               call_leg(call, i)->device->id, leg_names[call_leg(call, i)->state]);
    g_string_append(text, "\n        ");
    dump_record(text, call->record);
}

static void dump_device(GString *text, const Device *device)
{
    g_string_append_printf(text, "    device %s%s \"%s\" at %s", device->id,
                           device->is_nameless ? " nameless" : "", device->name ? device->name : "",
                           device->address ? device->address->name : "nowhere");
    if (device->is_expired)
        g_string_append(text, " expired");
    if (!device->address)
        g_string_append_printf(text, " since %" G_GINT64_FORMAT, device->away_since_us);
    dump_deadline(text, &device->deadline);
    g_string_append_c(text, '\n');
}

static void dump_user(GString *text, const User *user)
{
    g_string_append_printf(text, "user %s, early ends %u\n", user->id, user->early_ends.length);
    for (guint i = 0; i < user->devices->len; i++)
        dump_device(text, g_ptr_array_index(user->devices, i));
    for (guint i = 0; i < user->calls->len; i++)
        dump_call(text, g_ptr_array_index(user->calls, i));
    for (const GList *link = user->ended.head; link; link = link->next) {
        const Ended *ended = link->data;

        g_string_append_printf(text, "    ended %" G_GINT64_FORMAT "\n        ", ended->ended_us);
        dump_record(text, ended->record);
    }
}

static gint by_id(gconstpointer a, gconstpointer b)
{
    const User *x = a, *y = b;

    return strcmp(x->id, y->id);
}

static void dump_stats(GString *text, const Hub *hub)
{
    HubStats stats;

    hub_stats(hub, &stats);
    g_string_append_printf(
        text,
        "%u users, %u devices, %u away, %u live, %u ended, initiated %" G_GUINT64_FORMAT
        ", accepted %" G_GUINT64_FORMAT ", closed",
        stats.users, stats.devices, stats.away, stats.live_calls, stats.ended_calls,
        stats.initiated, stats.accepted);
    for (guint i = 0; i < CALL_STATES; i++)
        g_string_append_printf(text, " %" G_GUINT64_FORMAT, stats.closed[i]);
    g_string_append_printf(text, ", deadline %" G_GINT64_FORMAT "\n", hub_deadline(hub));
}

char *sim_dump(Sim *sim)
{
    GString *text = g_string_new(NULL);
    g_autoptr(GList) users = g_list_sort(g_hash_table_get_values(sim_hub(sim)->users), by_id);

    for (GList *link = users; link; link = link->next)
        dump_user(text, link->data);
    dump_stats(text, sim->hub);
    return g_string_free(text, FALSE);
}
