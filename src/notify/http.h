/* POSTs of JSON over HTTP, many at once, by one thread (libcurl's multi interface). */
#pragma once

#include <glib.h>

typedef struct Http Http;

typedef struct {
    gint64 connect_timeout_ms;
    gint64 timeout_ms;   /* of all of it, with the answer */
    const char *proxy;   /* NULL or "": none, whatever the environment says */
    const char *ca_file; /* NULL or "": the system's */
} HttpOptions;

typedef struct {
    guint status;          /* 0: there was no whole answer */
    gint64 retry_after_ms; /* of Retry-After, 0 when it has none */
    const char *trouble;   /* for people, where there is no whole answer; borrowed */
} HttpAnswer;

/* Called by http_run(). */
typedef void (*HttpDone)(const HttpAnswer *answer, gpointer data);

/* Only http and https, a host, and neither a user nor a fragment. */
gboolean http_is_good_url(const char *url);

/* Copies what it needs of the options. */
Http *http_new(const HttpOptions *options);
/* What is under way is given up, without a word. NULL is fine. */
void http_free(Http *http);

/* Starts one. `headers` is a NULL-terminated array of "name: value"; all texts are copied. A redirect
 * is an answer like others, and is not followed. `data` is freed after `done`, or when it is given
 * up. */
void http_post(Http *http, const char *url, const char *const *headers, const char *body,
               HttpDone done, gpointer data, GDestroyNotify free_data);
/* Works on what is under way until one is done, http_wake() or `until_us` (monotonic). */
void http_run(Http *http, gint64 until_us);
/* From any thread: http_run() returns soon, or the next one at once. */
void http_wake(Http *http);
