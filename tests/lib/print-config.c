/* Prints what the table of configuration keys says: the sample file or the page of the documents. */
#include <stdio.h>
#include <string.h>

#include "base/config.h"

static void print_commented(const char *comment)
{
    g_auto(GStrv) lines = g_strsplit(comment, "\n", -1);

    for (guint i = 0; lines[i]; i++)
        printf("    # %s\n", lines[i]);
}

static char *show_default(const ConfigKey *key)
{
    return g_strdup_printf(key->type == CONFIG_STRING ? "\"%s\"" : "%s", key->default_text);
}

/* The keys of one group, each with its default. */
static void print_sample_elements(const ConfigKey *list)
{
    printf("    # The keys of a group:\n");
    for (const ConfigKey *key = list->elements; key->name; key++) {
        g_auto(GStrv) lines = g_strsplit(key->comment, "\n", -1);
        g_autofree char *meaning = g_strjoinv("\n    #       ", lines);
        g_autofree char *value = show_default(key);

        printf("    #   %s = %s\n    #       %s\n", key->name, value, meaning);
    }
}

static void print_sample_key(const Config *config, const ConfigKey *key)
{
    g_autofree char *value = config_show(config, key);
    g_autofree char *allowed = config_allowed(key);

    printf("\n");
    print_commented(key->comment);
    printf("    # Must be %s.\n", allowed);
    if (key->type == CONFIG_LIST)
        print_sample_elements(key);
    printf("    #%s = %s\n", key->name, value);
}

static void print_sample_section(const Config *config, const ConfigSection *section)
{
    printf("\n# %s\n%s: {\n", section->comment, section->name);
    for (const ConfigKey *key = config_keys; key->section; key++) {
        if (strcmp(key->section, section->name) == 0)
            print_sample_key(config, key);
    }
    printf("}\n");
}

static void print_sample(const Config *config)
{
    printf("# The configuration of the plugin janus.plugin.call.\n"
           "#\n"
           "# Every key is here with its default, commented out: take the '#' away to set it.\n"
           "# A key that is not known gives a warning in the log; a value that is not allowed\n"
           "# keeps the plugin from starting, and the log says which line it is.\n");
    for (const ConfigSection *section = config_sections; section->name; section++)
        print_sample_section(config, section);
}

static void print_markdown_key(const Config *config, const ConfigKey *key)
{
    g_autofree char *value = config_show(config, key);
    g_autofree char *allowed = config_allowed(key);
    g_auto(GStrv) lines = g_strsplit(key->comment, "\n", -1);
    g_autofree char *meaning = g_strjoinv(" ", lines);

    printf("| `%s` | `%s` | %s | %s |\n", key->name, value, allowed, meaning);
}

static void print_markdown_list(const ConfigKey *list)
{
    printf("\nEach of `%s.%s`:\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n",
           list->section, list->name);
    for (const ConfigKey *key = list->elements; key->name; key++) {
        g_autofree char *allowed = config_allowed(key);
        g_autofree char *value = show_default(key);

        printf("| `%s` | `%s` | %s | %s |\n", key->name, value, allowed, key->comment);
    }
}

static void print_markdown_section(const Config *config, const ConfigSection *section)
{
    printf("\n## `%s`\n\n%s\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n",
           section->name, section->comment);
    for (const ConfigKey *key = config_keys; key->section; key++) {
        if (strcmp(key->section, section->name) == 0)
            print_markdown_key(config, key);
    }
    for (const ConfigKey *key = config_keys; key->section; key++) {
        if (key->type == CONFIG_LIST && strcmp(key->section, section->name) == 0)
            print_markdown_list(key);
    }
}

static void print_markdown(const Config *config)
{
    printf("# Configuration\n"
           "\n"
           "The plugin reads `janus.plugin.call.jcfg` in Janus's configuration folder. It is "
           "written in\n"
           "libconfig's language, as Janus's own files are: sections in braces, one `key = value` "
           "a line.\n"
           "`make install` puts `janus.plugin.call.jcfg.sample` there, and a copy of it as the "
           "file itself\n"
           "if there is none yet.\n"
           "\n"
           "What the file leaves out has its default, and without a file everything has. A key or "
           "section\n"
           "that is not known gives a warning in the log. A value that is not allowed keeps the "
           "plugin from\n"
           "starting; the log names the file, the line, the key and what is allowed.\n"
           "\n"
           "This page and the sample are made from the table in `src/base/config.c` by `make "
           "update-docs`.\n");
    for (const ConfigSection *section = config_sections; section->name; section++)
        print_markdown_section(config, section);
}

int main(int argc, char **argv)
{
    const char *mode = argc == 2 ? argv[1] : "";
    g_autoptr(Config) config = config_new();

    if (strcmp(mode, "sample") == 0) {
        print_sample(config);
        return 0;
    }
    if (strcmp(mode, "markdown") == 0) {
        print_markdown(config);
        return 0;
    }
    fprintf(stderr, "usage: %s sample|markdown\n", argv[0]);
    return 2;
}
