/* What every fuzzer has: libFuzzer's entry points, and how it says what is wrong. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
/* 0, or -1 for an input that the corpus should not keep. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is wrong and aborts, which libFuzzer reports together with the input. (Not g_error(), whose
 * trap it does not know.) */
G_NORETURN static inline void G_GNUC_PRINTF(1, 2) fuzz_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("fuzz: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

#define fuzz_check(condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__VA_ARGS__);                                                                \
    } while (0)

/* A text that goes to people or into a log: UTF-8 without control characters. */
static inline void fuzz_check_text(const char *text)
{
    fuzz_check(g_utf8_validate(text, -1, NULL), "a text is not UTF-8");
    for (const char *c = text; *c; c = g_utf8_next_char(c))
        fuzz_check(!g_unichar_iscntrl(g_utf8_get_char(c)), "a control character in \"%s\"", text);
}

/* A text that starts with a field's name and a colon, as "callId: is required" does. */
static inline void fuzz_check_names_field(const char *text)
{
    static const char *const fields[] = {
        "body",      "request", "userId",  "deviceId",    "token",       "displayName",
        "calleeId",  "callId",  "media",   "media.audio", "media.video", "mode",
        "timeoutMs", "data",    "reason",  "cause",       "limit",       "before",
        "peerId",    "status",  "missed",  "callerId",    "after",       "jsep",
        "audio",     "video",   "bitrate", "substream",   "temporal",    "record",
    };
    gsize length = text ? strcspn(text, ":") : 0;

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (text && text[length] && strlen(fields[i]) == length &&
            strncmp(fields[i], text, length) == 0)
            return;
    }
    fuzz_fail("a fault names no field: \"%s\"", text ? text : "(none)");
}
