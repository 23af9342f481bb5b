#include "auth/token.h"

#include <string.h>

#include <jansson.h>
#include <jwt.h>
#include <openssl/err.h>

#include "auth/base64url.h"
#include "core/text.h"

/* The end of the year 9999, in seconds: no time of a token is later. */
#define LAST_SECOND G_GINT64_CONSTANT(253402300799)

enum { HEADER, PAYLOAD, SIGNATURE, PARTS };

/* One token on its way through the gate. Each step returns what is wrong with it, for people, or
 * NULL. */
typedef struct {
    const TokenRules *rules;
    const char *text;
    const char *part[PARTS];
    gsize length[PARTS];
    json_t *header;
    json_t *payload;
    AuthAlgorithm algorithm;
    const char *kid; /* or NULL */
    gint64 expires_ms;
} Token;

static void token_clear(Token *token)
{
    g_clear_pointer(&token->header, json_decref);
    g_clear_pointer(&token->payload, json_decref);
}

/* --- its form --- */

static const char *split(Token *token)
{
    const char *rest = token->text;

    for (guint i = 0; i < PARTS; i++) {
        gsize length = strcspn(rest, ".");
        gboolean is_last = i == PARTS - 1;

        if (is_last != (rest[length] == '\0'))
            return "token: must have three parts";
        token->part[i] = rest;
        token->length[i] = length;
        rest += length + 1;
    }
    return NULL;
}

/* A name that is there twice could mean one thing here and another one there. */
static json_t *parse_part(const Token *token, guint part)
{
    g_autoptr(GBytes) bytes = base64url_decode(token->part[part], token->length[part]);
    const char *text;
    gsize length;
    json_t *parsed;

    if (!bytes)
        return NULL;
    text = g_bytes_get_data(bytes, &length);
    parsed = text ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (parsed && !json_is_object(parsed))
        g_clear_pointer(&parsed, json_decref);
    return parsed;
}

static const char *parse(Token *token)
{
    token->header = parse_part(token, HEADER);
    if (!token->header)
        return "token: its header cannot be read";
    token->payload = parse_part(token, PAYLOAD);
    if (!token->payload)
        return "token: its payload cannot be read";
    return NULL;
}

/* --- its header, before any key is touched --- */

/* Keys, and ways to keys, that the token brings itself; and what changes how it is to be read. */
static const char *const unwanted[] = {"crit", "b64", "jku", "jwk", "x5u", "x5c"};

static const char *check_header(Token *token)
{
    const json_t *typ, *kid;
    const char *alg;

    for (guint i = 0; i < G_N_ELEMENTS(unwanted); i++) {
        if (json_object_get(token->header, unwanted[i]))
            return "token: its header holds what is not allowed: crit, b64, jku, jwk, x5u or x5c";
    }
    typ = json_object_get(token->header, "typ");
    if (typ && (!json_is_string(typ) || g_ascii_strcasecmp(json_string_value(typ), "JWT") != 0))
        return "token: its typ is not JWT";
    kid = json_object_get(token->header, "kid");
    if (kid && !json_is_string(kid))
        return "token: its kid is not a string";
    token->kid = json_string_value(kid);
    alg = json_string_value(json_object_get(token->header, "alg"));
    if (!alg || !algorithm_parse(alg, &token->algorithm))
        return "token: its alg is none that is allowed";
    return NULL;
}

/* --- its signature --- */

/* Without a kid, every key of its algorithm may be it. */
static gboolean may_be_of(const Token *token, const Key *key)
{
    return key->algorithm == token->algorithm &&
           (!token->kid || g_strcmp0(key->kid, token->kid) == 0);
}

static gboolean is_signed_by(const Token *token, const Key *key)
{
    gsize length;
    const guchar *bytes = g_bytes_get_data(key->bytes, &length);
    jwt_t *jwt = NULL;
    gboolean is_good = jwt_decode(&jwt, token->text, bytes, (int)length) == 0;

    g_clear_pointer(&jwt, jwt_free);
    /* A failure stays in the thread's queue of errors, where Janus would take it for one of its own. */
    ERR_clear_error();
    return is_good;
}

static const char *check_signature(const Token *token)
{
    const KeyRing *keys = token->rules->keys;
    g_autoptr(GBytes) signature =
        base64url_decode(token->part[SIGNATURE], token->length[SIGNATURE]);
    gboolean has_key = FALSE;

    if (!signature)
        return "token: its signature cannot be read";
    for (guint i = 0; i < key_ring_size(keys); i++) {
        const Key *key = key_ring_at(keys, i);

        if (!may_be_of(token, key))
            continue;
        has_key = TRUE;
        if (g_bytes_get_size(signature) == key->signature_bytes && is_signed_by(token, key))
            return NULL;
    }
    return has_key ? "token: its signature is wrong" : "token: there is no key for its alg and kid";
}

/* --- its claims --- */

/* Absent and null are the same. */
static const json_t *claim(const Token *token, const char *name)
{
    const json_t *value = json_object_get(token->payload, name);

    return json_is_null(value) ? NULL : value;
}

/* Seconds, perhaps with a fraction, as milliseconds. */
static gboolean read_time(const json_t *value, gint64 *ms)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) <= LAST_SECOND) {
        *ms = json_integer_value(value) * 1000;
        return TRUE;
    }
    if (json_is_real(value) && json_real_value(value) >= 0 &&
        json_real_value(value) <= (double)LAST_SECOND) {
        *ms = (gint64)(json_real_value(value) * 1000);
        return TRUE;
    }
    return FALSE;
}

static const char *check_times(Token *token, gint64 now_ms)
{
    const json_t *nbf = claim(token, "nbf");
    const json_t *iat = claim(token, "iat");
    gint64 begins_ms = 0;
    gint64 made_ms;

    if (!claim(token, "exp"))
        return "token: has no exp";
    if (!read_time(claim(token, "exp"), &token->expires_ms))
        return "token: its exp is not a time";
    if (nbf && !read_time(nbf, &begins_ms))
        return "token: its nbf is not a time";
    if (iat && !read_time(iat, &made_ms))
        return "token: its iat is not a time";
    if (now_ms + token->rules->leeway_ms < begins_ms)
        return "token: is not valid yet";
    return NULL;
}

static gboolean is_text(const json_t *value, const char *expected)
{
    return json_is_string(value) && strcmp(json_string_value(value), expected) == 0;
}

static const char *check_issuer(const Token *token)
{
    const char *issuer = token->rules->issuer;

    if (!issuer || !*issuer || is_text(claim(token, "iss"), issuer))
        return NULL;
    return "token: its iss is not the one that is configured";
}

static const char *check_audience(const Token *token)
{
    const char *audience = token->rules->audience;
    const json_t *aud = claim(token, "aud");
    gboolean is_for_us;

    if (!audience || !*audience)
        return NULL;
    is_for_us = is_text(aud, audience);
    for (gsize i = 0; i < json_array_size(aud); i++)
        is_for_us = is_for_us || is_text(json_array_get(aud, i), audience);
    return is_for_us ? NULL : "token: its aud is not the one that is configured";
}

/* A user or a device, by the rules of an id on the wire. */
static gboolean read_id(const json_t *value, char **id)
{
    if (json_is_integer(value)) {
        *id = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return TRUE;
    }
    if (!json_is_string(value) || json_string_length(value) < 1 ||
        json_string_length(value) > ID_BYTES || has_control_characters(json_string_value(value)))
        return FALSE;
    *id = g_strdup(json_string_value(value));
    return TRUE;
}

static const char *read_name(const json_t *value, char **name)
{
    if (!value || is_text(value, ""))
        return NULL;
    if (!json_is_string(value) || json_string_length(value) > ID_BYTES ||
        has_control_characters(json_string_value(value)))
        return "token: its name must be a string of at most 128 bytes without control characters";
    *name = g_strdup(json_string_value(value));
    return NULL;
}

static const char *read_who(const Token *token, Identity *identity)
{
    const json_t *device = claim(token, "device");

    if (!claim(token, "sub"))
        return "token: has no sub";
    if (!read_id(claim(token, "sub"), &identity->user_id))
        return "token: its sub is not a userId";
    if (device && !read_id(device, &identity->device_id))
        return "token: its device is not a deviceId";
    return read_name(claim(token, "name"), &identity->name);
}

static const char *check_claims(Token *token, gint64 now_ms, Identity *identity)
{
    const char *wrong;

    if ((wrong = read_who(token, identity)) || (wrong = check_issuer(token)) ||
        (wrong = check_audience(token)))
        return wrong;
    return check_times(token, now_ms);
}

/* --- all of it --- */

static const char *find_fault(Token *token, gint64 now_ms, Identity *identity)
{
    const char *wrong;

    if ((wrong = split(token)) || (wrong = parse(token)) || (wrong = check_header(token)) ||
        (wrong = check_signature(token)))
        return wrong;
    return check_claims(token, now_ms, identity);
}

static Refusal refuse(Refusal refusal, const char *why, Identity *identity, char **text)
{
    identity_clear(identity);
    *text = g_strdup(why);
    return refusal;
}

Refusal token_verify(const TokenRules *rules, const char *text, gint64 now_ms, Identity *identity,
                     char **why)
{
    Token token = {.rules = rules, .text = text};
    Identity found = {0};
    const char *wrong;

    if (strnlen(text, TOKEN_BYTES + 1) > TOKEN_BYTES)
        return refuse(REFUSAL_TOO_LARGE, "token: must have at most 8192 bytes", &found, why);
    wrong = find_fault(&token, now_ms, &found);
    token_clear(&token);
    if (wrong)
        return refuse(REFUSAL_UNAUTHORIZED, wrong, &found, why);
    /* The last thing to ask: a token that has only run out is to be made anew. */
    if (now_ms >= token.expires_ms + rules->leeway_ms)
        return refuse(REFUSAL_TOKEN_EXPIRED, "token: has expired", &found, why);
    found.expires_ms =
        now_ms < token.expires_ms ? token.expires_ms : token.expires_ms + rules->leeway_ms;
    *identity = found;
    return REFUSAL_NONE;
}
