#include "store-calls.h"

#include <glib/gstdio.h>

static gint64 end_of(gint64 ended_ms, CallState status, gint64 created_ms)
{
    if (!call_state_is_final(status))
        return 0;
    return ended_ms ? ended_ms : created_ms + 100;
}

static CallFacts *make_facts(const CallSpec *spec)
{
    CallFacts *facts = call_facts_new();

    ref_string_set(&facts->call_id, spec->id ? spec->id : "c");
    ref_string_set(&facts->caller_id, spec->caller ? spec->caller : "alice");
    ref_string_set(&facts->callee_id, spec->callee ? spec->callee : "bob");
    facts->media.audio = TRUE;
    facts->created_ms = spec->created_ms ? spec->created_ms : 1000;
    facts->ring_ms = 45000;
    return facts;
}

Record *make_call(const CallSpec *spec)
{
    g_autoptr(CallFacts) facts = make_facts(spec);
    Record *record = record_new(facts);

    record->rev = spec->rev ? spec->rev : 1;
    record->status = spec->is_veiled ? CALL_REJECTED : spec->status;
    record->cause = spec->is_veiled ? CAUSE_BUSY : spec->cause;
    record->ended_ms = end_of(spec->ended_ms, record->status, facts->created_ms);
    if (!spec->is_veiled)
        return record;
    record->veil = (Veil){
        .is_set = TRUE,
        .status = spec->veil_status,
        .cause = spec->veil_cause,
        .rev = record->rev,
        .ended_ms = end_of(spec->veil_ended_ms, spec->veil_status, facts->created_ms),
    };
    return record;
}

static CallFacts *make_full_facts(void)
{
    CallFacts *facts = call_facts_new();

    ref_string_set(&facts->call_id, "CALL_17637599232099");
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->caller_device, "alice's phone");
    ref_string_set(&facts->caller_name, "Alice \"A\" Ångström 📞");
    ref_string_set(&facts->callee_id, "bob");
    ref_string_set(&facts->data, "{\"subject\":\"it's \\\"urgent\\\"\"}");
    facts->media = (Media){.audio = TRUE, .video = TRUE};
    facts->mode = MODE_RELAY;
    facts->created_ms = G_GINT64_CONSTANT(1763759923209);
    facts->ring_ms = 30000;
    return facts;
}

Record *make_full_call(void)
{
    g_autoptr(CallFacts) facts = make_full_facts();
    Record *record = record_new(facts);

    record->status = CALL_ENDED;
    record->cause = CAUSE_HANGUP;
    record->rev = 5;
    record->ringing_ms = facts->created_ms + 10;
    record->accepted_ms = facts->created_ms + 2000;
    record->ended_ms = facts->created_ms + 62001;
    record->duration_ms = 60000;
    ref_string_set(&record->reason, "Good bye; DROP TABLE calls");
    ref_string_set(&record->answered_by, "bob's tablet");
    ref_string_set(&record->ended_by, "bob");
    ref_string_set(&record->media_report, "{\"packets\":1}");
    return record;
}

static void assert_same_facts(const CallFacts *facts, const CallFacts *expected)
{
    g_assert_cmpstr(facts->call_id, ==, expected->call_id);
    g_assert_cmpstr(facts->caller_id, ==, expected->caller_id);
    g_assert_cmpstr(facts->caller_device, ==, expected->caller_device);
    g_assert_cmpstr(facts->caller_name, ==, expected->caller_name);
    g_assert_cmpstr(facts->callee_id, ==, expected->callee_id);
    g_assert_cmpstr(facts->data, ==, expected->data);
    g_assert_cmpint(facts->media.audio, ==, expected->media.audio);
    g_assert_cmpint(facts->media.video, ==, expected->media.video);
    g_assert_cmpint(facts->mode, ==, expected->mode);
    g_assert_cmpint(facts->created_ms, ==, expected->created_ms);
    g_assert_cmpint(facts->ring_ms, ==, expected->ring_ms);
}

static void assert_same_veil(const Veil *veil, const Veil *expected)
{
    g_assert_cmpint(veil->is_set, ==, expected->is_set);
    if (!expected->is_set)
        return;
    g_assert_cmpint(veil->status, ==, expected->status);
    g_assert_cmpint(veil->cause, ==, expected->cause);
    g_assert_cmpuint(veil->rev, ==, expected->rev);
    g_assert_cmpint(veil->ended_ms, ==, expected->ended_ms);
    g_assert_cmpstr(veil->ended_by, ==, expected->ended_by);
    g_assert_cmpstr(veil->reason, ==, expected->reason);
}

void assert_same_record(const Record *record, const Record *expected)
{
    g_assert_nonnull(record);
    assert_same_facts(record->facts, expected->facts);
    g_assert_cmpint(record->status, ==, expected->status);
    g_assert_cmpint(record->cause, ==, expected->cause);
    g_assert_cmpuint(record->rev, ==, expected->rev);
    g_assert_cmpint(record->ringing_ms, ==, expected->ringing_ms);
    g_assert_cmpint(record->accepted_ms, ==, expected->accepted_ms);
    g_assert_cmpint(record->ended_ms, ==, expected->ended_ms);
    g_assert_cmpint(record->duration_ms, ==, expected->duration_ms);
    g_assert_cmpstr(record->reason, ==, expected->reason);
    g_assert_cmpstr(record->answered_by, ==, expected->answered_by);
    g_assert_cmpstr(record->ended_by, ==, expected->ended_by);
    g_assert_cmpstr(record->media_report, ==, expected->media_report);
    assert_same_veil(&record->veil, &expected->veil);
}

void put(Store *store, Record *record)
{
    g_autoptr(Record) owned = record;
    g_autoptr(GError) error = NULL;

    store->ops->write(store, &owned, 1, &error);
    g_assert_no_error(error);
}

void catch_up(Store *store)
{
    g_autoptr(GError) error = NULL;

    while (store->ops->catch_up && store->ops->catch_up_at(store) != G_MAXINT64) {
        g_assert_true(store->ops->catch_up(store, &error));
        g_assert_no_error(error);
    }
}

char *ids_of(const GPtrArray *records)
{
    GString *ids = g_string_new(NULL);

    for (guint i = 0; i < records->len; i++) {
        const Record *record = g_ptr_array_index(records, i);

        g_string_append_printf(ids, "%s%s", i ? " " : "", record->facts->call_id);
    }
    return g_string_free(ids, FALSE);
}

GPtrArray *read_history(Store *store, const char *user_id, const HistoryEvent *query)
{
    GPtrArray *all = NULL;
    HistoryEvent page_query = *query;
    g_autofree char *next = NULL;

    do {
        g_autoptr(GError) error = NULL;
        g_autofree char *before = g_steal_pointer(&next);
        GPtrArray *page;

        page_query.before = before;
        page = store->ops->history(store, user_id, &page_query, &next, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(page->len, <=, query->limit);
        if (next)
            g_assert_cmpuint(page->len, ==, query->limit);
        if (all)
            g_ptr_array_extend_and_steal(all, page);
        else
            all = page;
    } while (next);
    return all;
}

void assert_history(Store *store, const char *user_id, const HistoryEvent *query, const char *ids)
{
    g_autoptr(GPtrArray) records = read_history(store, user_id, query);
    g_autofree char *found = ids_of(records);

    g_assert_cmpstr(found, ==, ids);
}

static char *describe(const Record *record)
{
    const char *cause;

    if (!record)
        return g_strdup("none");
    cause = cause_name(record->cause);
    return g_strdup_printf("%s/%s %u", call_state_name(record->status), cause ? cause : "-",
                           record->rev);
}

void assert_call(Store *store, const char *user_id, const char *call_id, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Record) record = store->ops->get(store, user_id, call_id, &error);
    g_autofree char *found = describe(record);

    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

char *make_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("call-store-XXXXXX", &error);

    g_assert_no_error(error);
    return folder;
}

void remove_folder(char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

/* --- the outbox --- */

static gboolean announce(gpointer self G_GNUC_UNUSED, const Record *record,
                         Announcement *announcement)
{
    static const char *const one[] = {"a", NULL};
    static const char *const two[] = {"a", "b", NULL};

    announcement->endpoints = call_state_is_final(record->status) ? two : one;
    announcement->body = g_strdup_printf("%s %s", (const char *)record->facts->call_id,
                                         call_state_name(record->status));
    announcement->id = g_strdup(announcement->body);
    return TRUE;
}

const Announcer test_announcer = {.announce = announce};

char *events_of(Store *store, const char *endpoint)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = store->ops->pending(store, endpoint, 0, G_MAXINT, &error);
    GString *text = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < rows->len; i++) {
        const OutboxRow *row = g_ptr_array_index(rows, i);

        g_assert_cmpstr(row->message_id, ==, row->body);
        g_string_append_printf(text, "%s%s", i ? ", " : "", row->body);
    }
    return g_string_free(text, FALSE);
}
