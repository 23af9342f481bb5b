/* Bytes as a configuration file. What loads is within the ranges of its keys, and loads again from
 * what config_show() says; what does not load says where and why, in a line that is safe to log. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libconfig.h>
#include <sanitizer/allocator_interface.h>

#include "base/config.h"
#include "fuzz.h"

/* --- libconfig forgets the texts around a syntax error; here they are found and freed --- */

#define KEPT_MOST 65536

static const volatile void *kept[KEPT_MOST];
static guint kept_count;
static gboolean is_reading;

int __real_config_read_string(config_t *into, const char *text);
int __wrap_config_read_string(config_t *into, const char *text);

int __wrap_config_read_string(config_t *into, const char *text)
{
    int is_read;

    is_reading = TRUE;
    is_read = __real_config_read_string(into, text);
    is_reading = FALSE;
    return is_read;
}

static void note_malloc(const volatile void *memory, size_t size G_GNUC_UNUSED)
{
    if (is_reading && kept_count < KEPT_MOST)
        kept[kept_count++] = memory;
}

static void note_free(const volatile void *memory)
{
    for (guint i = kept_count; i > 0; i--) {
        if (kept[i - 1] == memory) {
            kept[i - 1] = kept[--kept_count];
            return;
        }
    }
}

static void free_forgotten(void)
{
    while (kept_count)
        free((void *)(uintptr_t)kept[--kept_count]);
}

/* --- */

static int file = -1;
static char path[64];

static void write_file(const char *text, gsize length)
{
    fuzz_check(ftruncate(file, 0) == 0, "the file cannot be emptied");
    fuzz_check(pwrite(file, text, length, 0) == (gssize)length, "the file cannot be written");
}

/* Of the configuration, or of one group of a list. */
static const char *field_of(const void *keys, const ConfigKey *key)
{
    return (const char *)keys + key->offset;
}

static void check_number(const ConfigKey *key, gint64 value)
{
    fuzz_check((value >= key->min && value <= key->max) || (key->zero_is_off && value == 0),
               "%s.%s is %" G_GINT64_FORMAT, key->section, key->name, value);
}

static void check_choice(const ConfigKey *key, guint value)
{
    guint choices = 0;

    while (key->choices[choices])
        choices++;
    fuzz_check(value < choices, "%s.%s is choice %u", key->section, key->name, value);
}

static void check_list(const GPtrArray *list, const ConfigKey *key);

static void check_key(const void *keys, const ConfigKey *key)
{
    const char *field = field_of(keys, key);
    gboolean flag;

    switch (key->type) {
    case CONFIG_BOOL:
        flag = *(const gboolean *)field;
        fuzz_check(flag == TRUE || flag == FALSE, "%s.%s is %d", key->section, key->name, flag);
        return;
    case CONFIG_MS:
        check_number(key, *(const gint64 *)field);
        return;
    case CONFIG_COUNT:
        check_number(key, *(const guint *)field);
        return;
    case CONFIG_CHOICE:
        check_choice(key, *(const guint *)field);
        return;
    case CONFIG_STRING:
        fuzz_check(strlen(*(char *const *)field) <= (gsize)key->max, "%s.%s is too long",
                   key->section, key->name);
        return;
    case CONFIG_LIST:
        check_list(*(GPtrArray *const *)field, key);
        return;
    }
}

static void check_list(const GPtrArray *list, const ConfigKey *key)
{
    for (guint i = 0; i < list->len; i++) {
        for (const ConfigKey *element = key->elements; element->name; element++)
            check_key(g_ptr_array_index(list, i), element);
    }
}

static char *show_all(const Config *config)
{
    GString *text = g_string_new(NULL);
    const char *section = "";

    for (const ConfigKey *key = config_keys; key->section; key++) {
        g_autofree char *value = config_show(config, key);

        if (strcmp(section, key->section) != 0)
            g_string_append_printf(text, "%s%s:\n{\n", *section ? "};\n" : "", key->section);
        section = key->section;
        g_string_append_printf(text, "    %s = %s;\n", key->name, value);
    }
    return g_string_free(g_string_append(text, "};\n"), FALSE);
}

static void check_loads_again(const Config *config)
{
    g_autoptr(Config) again = config_new();
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = show_all(config);
    g_autofree char *text_again = NULL;

    write_file(text, strlen(text));
    fuzz_check(config_load(again, path, warnings, &error), "%s does not load again: %s", text,
               error->message);
    fuzz_check(warnings->len == 0, "a warning about what config_show() said");
    text_again = show_all(again);
    fuzz_check(strcmp(text, text_again) == 0, "%s became %s", text, text_again);
}

static void check_error(const GError *error)
{
    gsize length = strlen(path);

    fuzz_check(error != NULL, "it does not load, and nobody knows why");
    fuzz_check(error->domain == CONFIG_ERROR, "not an error of the configuration: %s",
               error->message);
    fuzz_check_text(error->message);
    fuzz_check(strncmp(error->message, path, length) == 0 && error->message[length] == ':',
               "an error names no file: %s", error->message);
}

static void check_warnings(const GPtrArray *warnings)
{
    for (guint i = 0; i < warnings->len; i++)
        fuzz_check_text(g_ptr_array_index(warnings, i));
}

static char *defaults;

static void load(void)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    gboolean is_loaded = config_load(config, path, warnings, &error);

    check_warnings(warnings);
    for (const ConfigKey *key = config_keys; key->section; key++)
        check_key(config, key);
    if (is_loaded) {
        check_loads_again(config);
    } else {
        g_autofree char *after = show_all(config);

        check_error(error);
        fuzz_check(strcmp(defaults, after) == 0, "a file that does not load changed something");
    }
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    g_autoptr(Config) config = config_new();

    fuzz_check(__sanitizer_install_malloc_and_free_hooks(note_malloc, note_free), "no hooks");
    defaults = show_all(config);
    file = memfd_create("configuration", MFD_CLOEXEC);
    fuzz_check(file >= 0, "there is no memory for a file");
    g_snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* libconfig would open what it names, a device among them: tests/unit/test-config.c has it. */
    if (g_strstr_len((const char *)data, (gssize)size, "@include"))
        return -1;
    write_file((const char *)data, size);
    load();
    free_forgotten();
    return 0;
}
