#include "notify/http.h"

#include <curl/curl.h>
#include <string.h>

/* Of an answer's body nothing is needed; one that is longer is cut off. */
#define ANSWER_BYTES_MOST (64 * 1024)
#define WAIT_MS_MOST (60 * 1000)

struct Http {
    CURLM *multi;
    HttpOptions options;
    GPtrArray *idle;  /* of CURL: to use again */
    GHashTable *busy; /* of Post */
};

typedef struct {
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    gsize answered; /* bytes */
    gboolean is_cut;
    HttpDone done;
    gpointer data;
    GDestroyNotify free_data;
} Post;

gboolean http_is_good_url(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD, NULL);
    const char *scheme;

    if (!uri)
        return FALSE;
    scheme = g_uri_get_scheme(uri);
    return (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && g_uri_get_host(uri) &&
           *g_uri_get_host(uri) && !g_uri_get_userinfo(uri) && !g_uri_get_fragment(uri);
}

static gboolean is_set(const char *text)
{
    return text && *text;
}

Http *http_new(const HttpOptions *options)
{
    Http *http = g_new0(Http, 1);

    http->options = *options;
    http->options.proxy = is_set(options->proxy) ? g_strdup(options->proxy) : NULL;
    http->options.ca_file = is_set(options->ca_file) ? g_strdup(options->ca_file) : NULL;
    http->multi = curl_multi_init();
    g_assert(http->multi);
    http->idle = g_ptr_array_new_with_free_func(curl_easy_cleanup);
    http->busy = g_hash_table_new(NULL, NULL);
    return http;
}

static void post_free(Post *post)
{
    if (post->free_data)
        post->free_data(post->data);
    curl_slist_free_all(post->headers);
    g_free(post->body);
    g_free(post);
}

void http_free(Http *http)
{
    GHashTableIter iter;
    gpointer post;

    if (!http)
        return;
    g_hash_table_iter_init(&iter, http->busy);
    while (g_hash_table_iter_next(&iter, &post, NULL)) {
        curl_multi_remove_handle(http->multi, ((Post *)post)->easy);
        curl_easy_cleanup(((Post *)post)->easy);
        post_free(post);
    }
    g_hash_table_unref(http->busy);
    g_ptr_array_unref(http->idle);
    curl_multi_cleanup(http->multi);
    g_free((char *)http->options.proxy);
    g_free((char *)http->options.ca_file);
    g_free(http);
}

/* --- one POST --- */

static size_t take_answer(char *bytes G_GNUC_UNUSED, size_t size, size_t count, void *data)
{
    Post *post = data;

    post->answered += size * count;
    post->is_cut = post->answered > ANSWER_BYTES_MOST;
    return post->is_cut ? 0 : size * count;
}

static void set_up(const Http *http, Post *post, const char *url)
{
    CURL *easy = post->easy;

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A name that is still looked up when the time is over must not hold up the others. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http->options.connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)http->options.timeout_ms);
    curl_easy_setopt(easy, CURLOPT_PROXY, http->options.proxy ? http->options.proxy : "");
    if (http->options.ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, http->options.ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(post->body));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
}

static struct curl_slist *header_list(const char *const *headers)
{
    /* curl would wait for a word before it sends a larger body. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    list = curl_slist_append(list, "Content-Type: application/json");
    for (guint i = 0; headers[i]; i++)
        list = curl_slist_append(list, headers[i]);
    return list;
}

static CURL *take_easy(Http *http)
{
    if (http->idle->len == 0)
        return curl_easy_init();
    return g_ptr_array_steal_index_fast(http->idle, http->idle->len - 1);
}

void http_post(Http *http, const char *url, const char *const *headers, const char *body,
               HttpDone done, gpointer data, GDestroyNotify free_data)
{
    Post *post = g_new0(Post, 1);

    post->easy = take_easy(http);
    g_assert(post->easy);
    post->headers = header_list(headers);
    post->body = g_strdup(body);
    post->done = done;
    post->data = data;
    post->free_data = free_data;
    set_up(http, post, url);
    g_hash_table_add(http->busy, post);
    curl_multi_add_handle(http->multi, post->easy);
}

/* --- the end of one --- */

static HttpAnswer answer_of(const Post *post, CURLcode code)
{
    HttpAnswer answer = {0};
    curl_off_t retry_after = 0;
    long status = 0;

    /* What we cut off ourselves was an answer. */
    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && post->is_cut)) {
        answer.trouble = curl_easy_strerror(code);
        return answer;
    }
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer.status = (guint)status;
    answer.retry_after_ms = CLAMP((gint64)retry_after, 0, 24 * 60 * 60) * 1000;
    return answer;
}

static void finish(Http *http, CURL *easy, CURLcode code)
{
    char *private = NULL;
    HttpAnswer answer;
    Post *post;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    post = (Post *)(gpointer) private;
    answer = answer_of(post, code);
    curl_multi_remove_handle(http->multi, easy);
    g_hash_table_remove(http->busy, post);
    post->done(&answer, post->data);
    curl_easy_reset(easy);
    g_ptr_array_add(http->idle, easy);
    post_free(post);
}

static gboolean finish_all(Http *http)
{
    gboolean is_any = FALSE;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        finish(http, message->easy_handle, message->data.result);
        is_any = TRUE;
    }
    return is_any;
}

void http_run(Http *http, gint64 until_us)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 wait_ms = until_us == G_MAXINT64 ? WAIT_MS_MOST : (until_us - now_us + 999) / 1000;
    int running;

    curl_multi_perform(http->multi, &running);
    if (finish_all(http))
        return;
    curl_multi_poll(http->multi, NULL, 0, (int)CLAMP(wait_ms, 0, WAIT_MS_MOST), NULL);
    curl_multi_perform(http->multi, &running);
    finish_all(http);
}

void http_wake(Http *http)
{
    curl_multi_wakeup(http->multi);
}
