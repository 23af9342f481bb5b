/* base/config: what a file may say, and what is said about a file that may not. */
#include "base/config.h"

#include <glib/gstdio.h>
#include <string.h>

#define FILE_NAME "test.jcfg"

/* A folder with one file, read once. */
typedef struct {
    char *folder;
    char *path;
    Config *config;
    GPtrArray *warnings;
    GError *error;
    gboolean is_loaded;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folder = g_dir_make_tmp("test-config-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, FILE_NAME, NULL);
    fixture->config = config_new();
    fixture->warnings = g_ptr_array_new_with_free_func(g_free);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_remove(fixture->path);
    g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->folder);
    config_free(fixture->config);
    g_ptr_array_unref(fixture->warnings);
    g_clear_error(&fixture->error);
}

static void load_file(Fixture *fixture, const char *path)
{
    g_ptr_array_set_size(fixture->warnings, 0);
    g_clear_error(&fixture->error);
    fixture->is_loaded = config_load(fixture->config, path, fixture->warnings, &fixture->error);
    g_assert_cmpint(fixture->is_loaded, ==, fixture->error == NULL);
}

static void load(Fixture *fixture, const char *text)
{
    g_assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
    load_file(fixture, fixture->path);
}

static void assert_loaded(const Fixture *fixture)
{
    g_assert_no_error(fixture->error);
    g_assert_cmpuint(fixture->warnings->len, ==, 0);
}

/* The one warning, or the error, is the file's path and then this. */
static void assert_says(const Fixture *fixture, const char *said, const char *rest)
{
    g_autofree char *expected = g_strconcat(fixture->path, rest, NULL);

    g_assert_cmpstr(said, ==, expected);
}

static void assert_warned(const Fixture *fixture, const char *rest)
{
    g_assert_no_error(fixture->error);
    g_assert_cmpuint(fixture->warnings->len, ==, 1);
    assert_says(fixture, g_ptr_array_index(fixture->warnings, 0), rest);
}

static void assert_refused(const Fixture *fixture, ConfigError code, const char *rest)
{
    g_assert_error(fixture->error, CONFIG_ERROR, (gint)code);
    assert_says(fixture, fixture->error->message, rest);
}

static void assert_same(const Config *one, const Config *other)
{
    for (const ConfigKey *key = config_keys; key->section; key++) {
        g_autofree char *first = config_show(one, key);
        g_autofree char *second = config_show(other, key);
        g_assert_cmpstr(first, ==, second);
    }
}

static void assert_defaults(const Config *config)
{
    g_autoptr(Config) defaults = config_new();

    assert_same(config, defaults);
}

static void test_defaults(void)
{
    g_autoptr(Config) config = config_new();

    g_assert_true(config->general.events);
    g_assert_true(config->general.log_calls);
    g_assert_true(config->general.reveal_presence);
    g_assert_cmpint(config->general.auth, ==, CONFIG_AUTH_JWT);
    g_assert_cmpint(config->auth.algorithm, ==, CONFIG_ALGORITHM_HS256);
    g_assert_cmpstr(config->auth.secret, ==, "");
    g_assert_cmpstr(config->auth.secret_file, ==, "");
    g_assert_cmpstr(config->auth.public_key, ==, "");
    g_assert_cmpstr(config->auth.kid, ==, "");
    g_assert_cmpstr(config->auth.keys_folder, ==, "");
    g_assert_cmpstr(config->auth.issuer, ==, "");
    g_assert_cmpstr(config->auth.audience, ==, "");
    g_assert_cmpint(config->auth.leeway_ms, ==, 0);
    g_assert_cmpint(config->timers.ring_ms, ==, 45000);
    g_assert_cmpint(config->timers.unreachable_ms, ==, 20000);
    g_assert_cmpint(config->timers.caller_grace_ms, ==, 12000);
    g_assert_cmpint(config->timers.in_call_grace_ms, ==, 30000);
    g_assert_cmpint(config->timers.media_ms, ==, 20000);
    g_assert_cmpint(config->timers.max_duration_ms, ==, 0);
    g_assert_cmpuint(config->limits.max_devices, ==, 10);
    g_assert_cmpuint(config->limits.max_live_calls, ==, 2);
    g_assert_cmpuint(config->limits.max_ended_per_user, ==, 100);
    g_assert_cmpuint(config->limits.max_ended, ==, 100000);
    g_assert_cmpuint(config->limits.max_early_ends, ==, 16);
    g_assert_cmpint(config->store.type, ==, CONFIG_STORE_SQLITE);
    g_assert_cmpstr(config->store.path, ==, "/var/lib/janus-call/calls.sqlite3");
    g_assert_cmpint(config->store.synchronous, ==, CONFIG_SYNCHRONOUS_NORMAL);
    g_assert_cmpstr(config->store.mode, ==, "0600");
    g_assert_cmpstr(config->store.group, ==, "");
    g_assert_cmpuint(config->store.retention_days, ==, 90);
    g_assert_cmpint(config->store.store_wait_ms, ==, 100);
    g_assert_cmpuint(config->store.max_waiting_replies, ==, 8);
}

/* No two keys share a field or a name, and each stands with its section. */
static void test_table_is_sound(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) offsets = g_hash_table_new(NULL, NULL);
    const ConfigSection *section = config_sections;

    for (const ConfigKey *key = config_keys; key->section; key++) {
        while (section->name && strcmp(section->name, key->section) != 0)
            section++;
        g_assert_nonnull(section->name);
        g_assert_true(g_hash_table_add(names, g_strdup_printf("%s.%s", key->section, key->name)));
        g_assert_true(g_hash_table_add(offsets, GSIZE_TO_POINTER(key->offset)));
        g_assert_cmpuint(strlen(key->comment), >, 0);
    }
}

static void test_free_null(void)
{
    config_free(NULL);
}

static void test_missing_file(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load_file(fixture, fixture->path);

    assert_warned(fixture, ": there is no such file: defaults");
    assert_defaults(fixture->config);
}

static void test_unreadable_file(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load_file(fixture, fixture->folder);

    g_assert_error(fixture->error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
    g_assert_nonnull(strstr(fixture->error->message, fixture->folder));
}

static void test_empty_file(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "");

    assert_loaded(fixture);
    assert_defaults(fixture->config);
}

static void test_each_type(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "general: { events = false; auth = \"open\" }\n"
                  "timers: { ring = 60000; unreachable = 5000L }\n"
                  "limits: { max_devices = 3 }\n"
                  "store: { type = \"sqlite\"; path = \"calls \\\"1\\\".db\" }\n");

    assert_loaded(fixture);
    g_assert_false(fixture->config->general.events);
    g_assert_cmpint(fixture->config->general.auth, ==, CONFIG_AUTH_OPEN);
    g_assert_cmpint(fixture->config->timers.ring_ms, ==, 60000);
    g_assert_cmpint(fixture->config->timers.unreachable_ms, ==, 5000);
    g_assert_cmpuint(fixture->config->limits.max_devices, ==, 3);
    g_assert_cmpint(fixture->config->store.type, ==, CONFIG_STORE_SQLITE);
    g_assert_cmpstr(fixture->config->store.path, ==, "calls \"1\".db");
}

static void test_second_load_starts_anew(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "timers: { ring = 60000 }\nstore: { path = \"one.db\" }\n");
    load(fixture, "timers: { media = 1000 }\n");

    assert_loaded(fixture);
    g_assert_cmpint(fixture->config->timers.media_ms, ==, 1000);
    g_assert_cmpint(fixture->config->timers.ring_ms, ==, 45000);
    g_assert_cmpstr(fixture->config->store.path, ==, "/var/lib/janus-call/calls.sqlite3");
}

static void test_error_changes_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "timers: { ring = 60000 }\n");
    load(fixture, "timers: { media = 1000\n  ring = 99 }\n");

    g_assert_false(fixture->is_loaded);
    g_assert_cmpint(fixture->config->timers.ring_ms, ==, 60000);
    g_assert_cmpint(fixture->config->timers.media_ms, ==, 20000);
}

/* A file, and what is said of it after its path. */
typedef struct {
    const char *path;
    const char *text;
    const char *said;
} Case;

static const Case bad_values[] = {
    {"/config/bad/bool-from-number", "general: {\n  events = 1\n}\n",
     ":2: general.events is 1, but must be true or false"},
    {"/config/bad/bool-from-string", "general: {\n\n  log_calls = \"yes\"\n}\n",
     ":3: general.log_calls is \"yes\", but must be true or false"},
    {"/config/bad/duration-from-string", "timers: {\n  ring = \"45s\"\n}\n",
     ":2: timers.ring is \"45s\", but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-from-float", "timers: {\n  ring = 45.5\n}\n",
     ":2: timers.ring is 45.5, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-from-bool", "timers: {\n  ring = true\n}\n",
     ":2: timers.ring is true, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-from-list", "timers: {\n  ring = ( 1, 2 )\n}\n",
     ":2: timers.ring is a list, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-from-array", "timers: {\n  ring = [ 1, 2 ]\n}\n",
     ":2: timers.ring is an array, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-from-group", "timers: {\n  ring: { ms = 1 }\n}\n",
     ":2: timers.ring is a group, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-below", "timers: {\n  ring = 99\n}\n",
     ":2: timers.ring is 99, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-above", "timers: {\n  ring = 180001\n}\n",
     ":2: timers.ring is 180001, but must be a duration of 100 to 180000 ms"},
    {"/config/bad/duration-negative", "timers: {\n  media = -1\n}\n",
     ":2: timers.media is -1, but must be a duration of 100 to 86400000 ms"},
    {"/config/bad/duration-zero", "timers: {\n  media = 0\n}\n",
     ":2: timers.media is 0, but must be a duration of 100 to 86400000 ms"},
    {"/config/bad/duration-over-32-bits", "timers: {\n  media = 4294967396L\n}\n",
     ":2: timers.media is 4294967396, but must be a duration of 100 to 86400000 ms"},
    {"/config/bad/max-duration-from-string", "timers: {\n  max_duration = \"off\"\n}\n",
     ":2: timers.max_duration is \"off\", but must be a duration of 100 to 86400000 ms, or 0 "
     "(off)"},
    {"/config/bad/max-duration-below", "timers: {\n  max_duration = 99\n}\n",
     ":2: timers.max_duration is 99, but must be a duration of 100 to 86400000 ms, or 0 (off)"},
    {"/config/bad/max-duration-above", "timers: {\n  max_duration = 86400001\n}\n",
     ":2: timers.max_duration is 86400001, but must be a duration of 100 to 86400000 ms, or 0 "
     "(off)"},
    {"/config/bad/count-zero", "limits: {\n  max_devices = 0\n}\n",
     ":2: limits.max_devices is 0, but must be a whole number of 1 to 1000"},
    {"/config/bad/count-above", "limits: {\n  max_live_calls = 1001\n}\n",
     ":2: limits.max_live_calls is 1001, but must be a whole number of 1 to 1000"},
    {"/config/bad/count-over-32-bits", "limits: {\n  max_devices = 4294967297L\n}\n",
     ":2: limits.max_devices is 4294967297, but must be a whole number of 1 to 1000"},
    {"/config/bad/count-from-string", "limits: {\n  max_devices = \"10\"\n}\n",
     ":2: limits.max_devices is \"10\", but must be a whole number of 1 to 1000"},
    {"/config/bad/choice-unknown", "store: {\n  type = \"redis\"\n}\n",
     ":2: store.type is \"redis\", but must be \"memory\" or \"sqlite\""},
    {"/config/bad/choice-other-case", "general: {\n  auth = \"OPEN\"\n}\n",
     ":2: general.auth is \"OPEN\", but must be \"jwt\" or \"open\""},
    {"/config/bad/choice-from-number", "store: {\n  type = 0\n}\n",
     ":2: store.type is 0, but must be \"memory\" or \"sqlite\""},
    {"/config/bad/string-from-number", "store: {\n  path = 7\n}\n",
     ":2: store.path is 7, but must be a text in quotes of at most 4096 bytes"},
    {"/config/bad/value-is-escaped", "store: {\n  type = \"\\x1b[31mred\\n\"\n}\n",
     ":2: store.type is \"\\x1B[31mred\\x0A\", but must be \"memory\" or \"sqlite\""},
    {"/config/bad/section-is-no-group", "general: { }\ntimers = 5\n",
     ":2: timers is 5, but must be a section: { ... }"},
    {"/config/bad/secret-is-not-repeated", "auth: {\n  secret = 12345678\n}\n",
     ":2: auth.secret is something else, but must be a text in quotes of at most 4096 bytes"},
    {"/config/bad/leeway-above", "auth: {\n  leeway = 300001\n}\n",
     ":2: auth.leeway is 300001, but must be a duration of 0 to 300000 ms"},
    {"/config/bad/mode-not-octal", "store: { mode = \"rw-\" }\n",
     ": store.mode is \"rw-\", but must be octal, as \"0600\" is"},
    {"/config/bad/mode-is-escaped", "store: { mode = \"\\x1b[7m\" }\n",
     ": store.mode is \"\\x1B[7m\", but must be octal, as \"0600\" is"},
    {"/config/bad/sqlite-without-path", "store: { path = \"\" }\n",
     ": store.type is \"sqlite\", but store.path, the database file, is not set"},
};

static const Case bad_syntax[] = {
    {"/config/syntax/unfinished", "timers: {\n  ring = \n}\n", ":3: syntax error"},
    {"/config/syntax/key-twice", "timers: {\n  ring = 1000\n  media = 1000\n  ring = 2000\n}\n",
     ":4: duplicate setting name"},
    {"/config/syntax/section-twice", "timers: { ring = 1000 }\ntimers: { media = 1000 }\n",
     ":2: duplicate setting name"},
};

static const Case unknown_things[] = {
    {"/config/unknown/key", "timers: {\n  ring = 1000\n  rign = 2000\n}\n",
     ":3: there is no key timers.rign: ignored"},
    {"/config/unknown/key-of-another-section", "timers: {\n  max_devices = 2\n}\n",
     ":2: there is no key timers.max_devices: ignored"},
    {"/config/unknown/key-in-capitals", "timers: {\n  RING = 2000\n}\n",
     ":2: there is no key timers.RING: ignored"},
    {"/config/unknown/section", "\ntimer: {\n  ring = 1000\n}\n",
     ":2: there is no section timer: ignored"},
    {"/config/unknown/key-outside-of-sections", "ring = 1000\n",
     ":1: there is no section ring: ignored"},
};

static void test_bad_value(Fixture *fixture, gconstpointer data)
{
    const Case *bad = data;

    load(fixture, bad->text);
    assert_refused(fixture, CONFIG_ERROR_VALUE, bad->said);
    assert_defaults(fixture->config);
}

static void test_bad_syntax(Fixture *fixture, gconstpointer data)
{
    const Case *bad = data;

    load(fixture, bad->text);
    assert_refused(fixture, CONFIG_ERROR_SYNTAX, bad->said);
    assert_defaults(fixture->config);
}

static void test_unknown(Fixture *fixture, gconstpointer data)
{
    const Case *unknown = data;

    load(fixture, unknown->text);
    assert_warned(fixture, unknown->said);
}

static void test_unknown_spoils_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "timers: { rign = 1; ring = 1000 }\nwhat: { }\nlimits: { max_devices = 2 }\n");

    g_assert_no_error(fixture->error);
    g_assert_cmpuint(fixture->warnings->len, ==, 2);
    g_assert_cmpint(fixture->config->timers.ring_ms, ==, 1000);
    g_assert_cmpuint(fixture->config->limits.max_devices, ==, 2);
}

static void test_too_long_string(Fixture *fixture, gconstpointer data)
{
    g_autofree char *longest = g_strnfill(4096, 'a');
    g_autofree char *fits = g_strdup_printf("store: { path = \"%s\" }\n", longest);
    g_autofree char *too_long = g_strdup_printf("store: { path = \"%sa\" }\n", longest);

    (void)data;
    load(fixture, fits);
    assert_loaded(fixture);
    g_assert_cmpstr(fixture->config->store.path, ==, longest);

    load(fixture, too_long);
    g_assert_error(fixture->error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
}

static void test_nul_byte(Fixture *fixture, gconstpointer data)
{
    static const char text[] = "timers: { ring = 1000 }\n\0timers: { ring = 2000 }\n";

    (void)data;
    g_assert_true(g_file_set_contents(fixture->path, text, sizeof(text) - 1, NULL));
    load_file(fixture, fixture->path);
    assert_refused(fixture, CONFIG_ERROR_SYNTAX, ": holds a NUL byte");
}

static void test_number_edges(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (const ConfigKey *key = config_keys; key->section; key++) {
        if (key->type != CONFIG_MS && key->type != CONFIG_COUNT)
            continue;
        const gint64 inside[] = {key->min, key->max};
        const gint64 outside[] = {key->zero_is_off && key->min == 1 ? -1 : key->min - 1,
                                  key->max + 1};
        for (guint i = 0; i < 2; i++) {
            g_autofree char *wanted = g_strdup_printf("%" G_GINT64_FORMAT, inside[i]);
            g_autofree char *good =
                g_strdup_printf("%s: { %s = %s }\n", key->section, key->name, wanted);
            g_autofree char *bad = g_strdup_printf("%s: { %s = %" G_GINT64_FORMAT "L }\n",
                                                   key->section, key->name, outside[i]);
            load(fixture, good);
            assert_loaded(fixture);
            g_autofree char *shown = config_show(fixture->config, key);
            g_assert_cmpstr(shown, ==, wanted);
            load(fixture, bad);
            g_assert_error(fixture->error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
        }
    }
}

static void test_zero_is_off(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "timers: { max_duration = 3600000 }\n");
    assert_loaded(fixture);
    load(fixture, "timers: { max_duration = 0 }\n");
    assert_loaded(fixture);
    g_assert_cmpint(fixture->config->timers.max_duration_ms, ==, 0);
}

static void test_include(Fixture *fixture, gconstpointer data)
{
    g_autofree char *included = g_build_filename(fixture->folder, "more.jcfg", NULL);

    (void)data;
    g_assert_true(g_file_set_contents(included, "\ntimers: { ring = 7 }\n", -1, NULL));
    load(fixture, "@include \"more.jcfg\"\n");
    g_assert_error(fixture->error, CONFIG_ERROR, CONFIG_ERROR_VALUE);
    g_assert_nonnull(strstr(fixture->error->message, "more.jcfg:2: timers.ring is 7"));
    g_remove(included);
}

static char *get_sample(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "conf", "janus.plugin.call.jcfg.sample", NULL);
    char *sample = NULL;

    g_assert_true(g_file_get_contents(path, &sample, NULL, NULL));
    return sample;
}

static void test_sample(Fixture *fixture, gconstpointer data)
{
    g_autofree char *sample = get_sample();

    (void)data;
    load(fixture, sample);
    assert_loaded(fixture);
    assert_defaults(fixture->config);
}

/* `#key = value` becomes `key = value`, `# prose` stays. */
static char *uncomment(const char *sample)
{
    g_autoptr(GRegex) commented = g_regex_new("^( *)#(\\w+ = )", G_REGEX_MULTILINE, 0, NULL);

    return g_regex_replace(commented, sample, -1, 0, "\\1\\2", 0, NULL);
}

static void test_sample_set(Fixture *fixture, gconstpointer data)
{
    g_autofree char *sample = get_sample();
    g_autofree char *set = uncomment(sample);

    (void)data;
    for (const ConfigKey *key = config_keys; key->section; key++) {
        g_autofree char *line = g_strdup_printf("\n    %s = ", key->name);
        g_assert_nonnull(strstr(set, line));
    }
    load(fixture, set);
    assert_loaded(fixture);
    assert_defaults(fixture->config);
}

/* What config_show() says of any setting, a file may say. */
static void test_show_is_read_back(Fixture *fixture, gconstpointer data)
{
    GString *text = g_string_new(NULL);
    g_autoptr(Config) other = config_new();

    (void)data;
    other->general.events = FALSE;
    other->timers.max_duration_ms = 86400000;
    other->limits.max_devices = 7;
    other->store.type = CONFIG_STORE_SQLITE;
    g_free(other->store.path);
    other->store.path = g_strdup("a \"b\" \\ c\nd é");
    for (const ConfigSection *section = config_sections; section->name; section++) {
        g_string_append_printf(text, "%s: {\n", section->name);
        for (const ConfigKey *key = config_keys; key->section; key++) {
            g_autofree char *value = config_show(other, key);
            if (strcmp(key->section, section->name) == 0)
                g_string_append_printf(text, "%s = %s\n", key->name, value);
        }
        g_string_append(text, "}\n");
    }
    load(fixture, text->str);
    g_string_free(text, TRUE);

    assert_loaded(fixture);
    assert_same(fixture->config, other);
    g_assert_cmpstr(fixture->config->store.path, ==, other->store.path);
}

typedef void (*FixtureTest)(Fixture *fixture, gconstpointer data);

static void add(const char *path, FixtureTest test, const Case *data)
{
    g_test_add(path, Fixture, data, set_up, test, tear_down);
}

static void add_cases(const Case *cases, gsize count, FixtureTest test)
{
    for (gsize i = 0; i < count; i++)
        add(cases[i].path, test, &cases[i]);
}

/* --- lists --- */

static void test_list(Fixture *fixture, gconstpointer data)
{
    const GPtrArray *endpoints;
    const ConfigEndpoint *second;

    (void)data;
    load(fixture, "webhooks: { endpoints = ( { url = \"http://a/\"; secret = \"s\" },\n"
                  "  { name = \"other\"; types = \"call.ended\" } ) }\n");
    assert_loaded(fixture);
    endpoints = fixture->config->webhooks.endpoints;
    g_assert_cmpuint(endpoints->len, ==, 2);
    g_assert_cmpstr(((ConfigEndpoint *)g_ptr_array_index(endpoints, 0))->name, ==, "main");
    second = g_ptr_array_index(endpoints, 1);
    g_assert_cmpstr(second->name, ==, "other");
    g_assert_cmpstr(second->url, ==, "");
    g_assert_cmpstr(second->types, ==, "call.ended");
    load(fixture, "");
    g_assert_cmpuint(fixture->config->webhooks.endpoints->len, ==, 0);
}

static void test_bad_lists(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "webhooks: { endpoints = \"http://a/\" }\n");
    assert_refused(fixture, CONFIG_ERROR_VALUE,
                   ":1: webhooks.endpoints is \"http://a/\", but must be a list of groups: "
                   "( { ... }, { ... } )");
    load(fixture, "webhooks: { endpoints = ( \"http://a/\" ) }\n");
    assert_refused(
        fixture, CONFIG_ERROR_VALUE,
        ":1: webhooks.endpoints is \"http://a/\", but must be a list of groups: { ... }");
    load(fixture, "webhooks: { endpoints = ( { url = 5 } ) }\n");
    assert_refused(
        fixture, CONFIG_ERROR_VALUE,
        ":1: webhooks.endpoints.url is 5, but must be a text in quotes of at most 4096 bytes");
    load(fixture, "webhooks: { endpoints = ( { secret = 12345 } ) }\n");
    assert_refused(fixture, CONFIG_ERROR_VALUE,
                   ":1: webhooks.endpoints.secret is something else, but must be a text in quotes "
                   "of at most 256 bytes");
    g_assert_null(strstr(fixture->error->message, "12345"));
}

/* --- media --- */

static void test_ice_servers(Fixture *fixture, gconstpointer data)
{
    const ConfigIceServer *first;

    (void)data;
    load(fixture, "media: { ice_servers = ( { urls = \"stun:a:1\" },\n"
                  "  { urls = \" turn:b  turns:b?transport=tcp\"; username = \"u\"; "
                  "credential = \"c\" },\n"
                  "  { urls = \"turn:c\"; secret = \"s\"; ttl = 60000 } ) }\n");
    assert_loaded(fixture);
    first = g_ptr_array_index(fixture->config->media.ice_servers, 0);
    g_assert_cmpstr(first->urls, ==, "stun:a:1");
    g_assert_cmpint(first->ttl_ms, ==, 86400000);
    g_assert_cmpint(
        ((ConfigIceServer *)g_ptr_array_index(fixture->config->media.ice_servers, 2))->ttl_ms, ==,
        60000);
}

static void test_bad_ice_servers(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *group;
        const char *fault;
    } bad[] = {
        {"{ }", "urls must be stun:, stuns:, turn: or turns: addresses"},
        {"{ urls = \" \" }", "urls must be stun:, stuns:, turn: or turns: addresses"},
        {"{ urls = \"http://a/\" }", "urls must be stun:, stuns:, turn: or turns: addresses"},
        {"{ urls = \"stun:a turn:\" }", "urls must be stun:, stuns:, turn: or turns: addresses"},
        {"{ urls = \"turn:a\"; username = \"u\" }", "username and credential go together"},
        {"{ urls = \"turn:a\"; username = \"u\"; credential = \"c\"; secret = \"s\" }",
         "secret stands instead of username and credential"},
        {"{ urls = \"stun:\xff\" }", "urls must be stun:, stuns:, turn: or turns: addresses"},
        {"{ urls = \"turn:a\"; username = \"\xff\"; credential = \"c\" }",
         "username and credential must be UTF-8"},
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(
            "media: { ice_servers = ( { urls = \"stun:a\" }, %s ) }\n", bad[i].group);
        g_autofree char *expected =
            g_strdup_printf(": group 2 of media.ice_servers: %s", bad[i].fault);

        load(fixture, text);
        assert_refused(fixture, CONFIG_ERROR_VALUE, expected);
    }
}

static void test_record_without_a_folder(Fixture *fixture, gconstpointer data)
{
    (void)data;
    load(fixture, "media: { record = true; }\n");
    assert_refused(fixture, CONFIG_ERROR_VALUE,
                   ": media.record is true, but media.record_folder, where to, is not set");
    load(fixture, "media: { record = true; record_folder = \"/r\"; }\n");
    assert_loaded(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/defaults", test_defaults);
    g_test_add_func("/config/table-is-sound", test_table_is_sound);
    g_test_add_func("/config/free-null", test_free_null);
    add("/config/file/missing-gives-defaults", test_missing_file, NULL);
    add("/config/file/unreadable-is-an-error", test_unreadable_file, NULL);
    add("/config/file/empty-gives-defaults", test_empty_file, NULL);
    add("/config/file/nul-byte-is-an-error", test_nul_byte, NULL);
    add("/config/file/include-names-its-own-line", test_include, NULL);
    add("/config/load/each-type", test_each_type, NULL);
    add("/config/load/starts-anew", test_second_load_starts_anew, NULL);
    add("/config/load/error-changes-nothing", test_error_changes_nothing, NULL);
    add("/config/load/number-edges", test_number_edges, NULL);
    add("/config/load/zero-is-off", test_zero_is_off, NULL);
    add("/config/load/list", test_list, NULL);
    add("/config/load/bad-lists", test_bad_lists, NULL);
    add("/config/load/ice-servers", test_ice_servers, NULL);
    add("/config/load/bad-ice-servers", test_bad_ice_servers, NULL);
    add("/config/load/recording-needs-a-folder", test_record_without_a_folder, NULL);
    add("/config/load/longest-string", test_too_long_string, NULL);
    add_cases(bad_values, G_N_ELEMENTS(bad_values), test_bad_value);
    add_cases(bad_syntax, G_N_ELEMENTS(bad_syntax), test_bad_syntax);
    add_cases(unknown_things, G_N_ELEMENTS(unknown_things), test_unknown);
    add("/config/unknown/spoils-nothing", test_unknown_spoils_nothing, NULL);
    add("/config/sample/is-the-defaults", test_sample, NULL);
    add("/config/sample/uncommented-is-the-defaults", test_sample_set, NULL);
    add("/config/show/is-read-back", test_show_is_read_back, NULL);
    return g_test_run();
}
