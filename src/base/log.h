/* The log as the rest of the house sees it: lines go to a sink that the door sets (Janus's log, a
 * test). */
#pragma once

#include <glib.h>

/* Not LOG_ERR and so on: those are macros of Janus's debug.h and of syslog.h. */
typedef enum {
    LOG_LEVEL_FATAL,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_VERBOSE,
    LOG_LEVEL_DEBUG,
} LogLevel;

/* Takes one line, without its newline; borrows it. Called by any thread, also by several at once.
 */
typedef void (*LogSink)(LogLevel level, const char *line);

/* NULL: standard error, which is also the start. Set it before the first thread of ours starts, and
 * back after the last. */
void log_set_sink(LogSink sink);

/* One line. Text from outside goes through log_escape() first. */
void log_line(LogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

const char *log_level_name(LogLevel level);

/* More of a text than this never reaches a line. */
#define LOG_ESCAPED_MAX 256

/* A text from outside, made safe for one line; owned by the caller. Every byte of a control
 * character (newlines and ANSI sequences among them), of a separator of lines, of a mark that turns
 * the direction of writing, of a backslash, and of what is not UTF-8 becomes \xNN. What is longer
 * than LOG_ESCAPED_MAX bytes then is cut between characters and ends in "...". NULL gives "(none)".
 */
char *log_escape(const char *text);
