/* SIP over UDP through a registrar and proxy: REGISTER, INVITE, 603 Decline. The least of RFC 3261 that this takes; what is lost
 * is sent again by the proxy, or the call is given up. */
#include <stdio.h>
#include <string.h>

#include "dialect.h"

#define HOST "127.0.0.1"

typedef struct {
    guint16 port;
    guint sent;      /* requests: for branches and CSeq */
    char branch[48]; /* of the caller's INVITE */
    guint cseq;
    char *
        answer; /* the callee's headers of a response to the INVITE; then the response that was sent */
    gboolean is_answered;
} SipState;

static void send_request(User *user, const char *method, const char *to, const char *to_header,
                         const char *call_id, const char *more)
{
    SipState *state = user->state;

    user_sendf(user,
               "%s sip:%s@" HOST " SIP/2.0\r\n"
               "Via: SIP/2.0/UDP " HOST ":%u;branch=%s\r\n"
               "Max-Forwards: 70\r\n"
               "From: <sip:%s@" HOST ">;tag=f%u\r\n"
               "%s\r\n"
               "Call-ID: %s\r\n"
               "CSeq: %u %s\r\n"
               "Contact: <sip:%s@" HOST ":%u>\r\n"
               "%s"
               "Content-Length: 0\r\n\r\n",
               method, to, state->port, state->branch, user->name, state->cseq, to_header, call_id,
               state->cseq, method, user->name, state->port, more);
}

static void new_transaction(User *user)
{
    SipState *state = user->state;

    state->cseq = ++state->sent;
    g_snprintf(state->branch, sizeof state->branch, "z9hG4bK%s.%u", user->name, state->sent);
}

static void open_sip(User *user)
{
    SipState *state = user->state;
    char to[64];

    state->port = socket_own_port(&user->link.datagram);
    g_snprintf(to, sizeof to, "To: <sip:%s@" HOST ">", user->name);
    new_transaction(user);
    send_request(user, "REGISTER", user->name, to, user->device, "Expires: 3600\r\n");
}

/* The line of this header, without its end; *size is 0 when there is none. */
static const char *header(const char *message, const char *name, gsize *size)
{
    g_autofree char *start = g_strdup_printf("\r\n%s:", name);
    const char *line = strstr(message, start);

    *size = line ? strcspn(line + 2, "\r") : 0;
    return line ? line + 2 : NULL;
}

static void header_value(const char *message, const char *name, char *value, gsize size)
{
    gsize line_size;
    const char *line = header(message, name, &line_size);
    gsize skipped = strlen(name) + 2;

    if (line && line_size > skipped)
        g_strlcpy(value, line + skipped, MIN(size, line_size - skipped + 1));
    else
        value[0] = '\0';
}

/* What a response repeats of its request. */
static char *headers_of_response(const char *invite, const char *tag)
{
    static const char *const kept[] = {
        "Via:", "From:", "To:", "Call-ID:", "CSeq:", "Record-Route:"};
    g_autoptr(GString) headers = g_string_new(NULL);

    for (const char *line = strstr(invite, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        gsize size = strcspn(line + 2, "\r");

        for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
            if (!g_str_has_prefix(line + 2, kept[i]))
                continue;
            g_string_append_len(headers, line + 2, (gssize)size);
            g_string_append_printf(headers, "%s%s\r\n", strcmp(kept[i], "To:") == 0 ? ";tag=" : "",
                                   strcmp(kept[i], "To:") == 0 ? tag : "");
        }
    }
    return g_string_free(g_steal_pointer(&headers), FALSE);
}

static void respond(User *user, const char *status)
{
    const SipState *state = user->state;

    user_sendf(user, "SIP/2.0 %s\r\n%sContent-Length: 0\r\n\r\n", status, state->answer);
}

static void is_invited(User *user, const char *invite)
{
    SipState *state = user->state;
    char call_id[80];

    header_value(invite, "Call-ID", call_id, sizeof call_id);
    /* Sent again by a proxy that did not hear the answer. */
    if (state->answer && strstr(state->answer, call_id)) {
        respond(user, state->is_answered ? "603 Decline" : "180 Ringing");
        return;
    }
    g_free(state->answer);
    state->answer = headers_of_response(invite, user->name);
    state->is_answered = FALSE;
    respond(user, "180 Ringing");
    user_heard(user, HEARD_INCOMING, call_id);
}

static void is_declined(User *user, const char *response)
{
    char call_id[80], to[128];
    g_autofree char *to_header = NULL;
    char callee[32] = "";

    header_value(response, "Call-ID", call_id, sizeof call_id);
    header_value(response, "To", to, sizeof to);
    to_header = g_strdup_printf("To: %s", to);
    sscanf(to, "<sip:%31[^@]", callee);
    send_request(user, "ACK", callee, to_header, call_id, "");
    /* It is sent again until the ACK has come. */
    if (strcmp(call_id, user_call_id(user)) == 0 && !user->is_told)
        user_heard(user, HEARD_REJECTED, call_id);
}

static void receive(User *user, char *text, gsize size)
{
    (void)size;
    if (g_str_has_prefix(text, "INVITE "))
        is_invited(user, text);
    else if (g_str_has_prefix(text, "ACK "))
        user_answered(user);
    else if (g_str_has_prefix(text, "SIP/2.0 603"))
        is_declined(user, text);
    else if (g_str_has_prefix(text, "SIP/2.0 200"))
        user_is_ready(user);
    else if (!g_str_has_prefix(text, "SIP/2.0 1"))
        user_complains(user, text);
}

static void call(User *caller, const User *callee)
{
    char to[64];

    user_new_call_id(caller);
    g_snprintf(to, sizeof to, "To: <sip:%s@" HOST ">", callee->name);
    new_transaction(caller);
    send_request(caller, "INVITE", callee->name, to, user_call_id(caller), "");
}

static void reject(User *callee)
{
    SipState *state = callee->state;

    state->is_answered = TRUE;
    user_asked(callee);
    respond(callee, "603 Decline");
}

const Dialect dialect_sip = {
    .name = "sip",
    .is_datagram = TRUE,
    .state_size = sizeof(SipState),
    .open = open_sip,
    .receive = receive,
    .call = call,
    .reject = reject,
};
