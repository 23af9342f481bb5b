/* The gate of tokens. An input is a token as it comes, behind a `=`; or three lines: who signs it, what
 * goes wrong on the way and what is configured, a digit each; its header; its payload. What the gate
 * says of a signature is compared with OpenSSL's own word, what it lets in with what the token says. */
#include <jansson.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "auth/token.h"
#include "core/text.h"
#include "fuzz.h"
#include "token-maker.h"

#define NOW_S G_GINT64_CONSTANT(1800000000)
#define NOW_MS (NOW_S * 1000)
#define SECRET "0123456789abcdef0123456789abcdef"
#define OLD_SECRET "the secret of last year, which still counts"
#define FOREIGN_SECRET "somebody else's secret, long enough as well"

static struct {
    EVP_PKEY *rsa, *ec, *foreign_ec;
    char *rsa_pem, *ec_pem;
    KeyRing *ring;
} keys;

static const TokenRules configured[] = {
    {.issuer = NULL},
    {.leeway_ms = 60000},
    {.issuer = "https://example.com", .audience = "calls", .leeway_ms = 1},
};

/* --- making one --- */

static char *sign(guint signer, const char *header, const char *payload)
{
    g_autofree char *text = NULL;

    switch (signer) {
    case 0:
        return token_sign(header, payload, SECRET, strlen(SECRET));
    case 1:
        return token_sign(header, payload, OLD_SECRET, strlen(OLD_SECRET));
    case 2:
        return token_sign_with(header, payload, keys.rsa);
    case 3:
        return token_sign_with(header, payload, keys.ec);
    case 4:
        return token_sign_with(header, payload, keys.foreign_ec);
    case 5:
        return token_sign(header, payload, FOREIGN_SECRET, strlen(FOREIGN_SECRET));
    case 6:
        return token_sign(header, payload, keys.rsa_pem, strlen(keys.rsa_pem));
    case 7:
        return token_sign(header, payload, "", 0);
    default:
        text = token_unsigned(header, payload);
        return g_strconcat(text, ".", NULL);
    }
}

static char *spoil(guint how, char *token)
{
    gsize length = strlen(token);
    g_autofree char *good = token;

    switch (how) {
    case 1:
        return g_strndup(good, length - 1);
    case 2:
        return g_strconcat(good, "A", NULL);
    case 3:
        return g_strconcat(good, "=", NULL);
    case 4:
        good[length / 2] = good[length / 2] == 'A' ? 'B' : 'A';
        break;
    case 5:
        good[length - 1] ^= 1;
        break;
    case 6:
        return g_strconcat(good, ".", NULL);
    default:
        break;
    }
    return g_steal_pointer(&good);
}

static guint digit(const char *text, gsize place, guint count)
{
    return strlen(text) > place ? (guint)(guchar)text[place] % 48 % count : 0;
}

static char *make_token(const char *input, guint *rules)
{
    g_auto(GStrv) lines = g_strsplit(input, "\n", 4);

    if (g_strv_length(lines) < 3)
        return NULL;
    *rules = digit(lines[0], 2, G_N_ELEMENTS(configured));
    return spoil(digit(lines[0], 1, 7), sign(digit(lines[0], 0, 9), lines[1], lines[2]));
}

/* --- looking at it without the gate --- */

typedef struct {
    char *text; /* HEADER.PAYLOAD */
    GBytes *signature;
    json_t *header;
    json_t *payload;
} Parsed;

static GBytes *decode(const char *part)
{
    g_autofree char *text = g_strconcat(part, "===", NULL);
    gsize length = strlen(part);
    guchar *bytes;

    g_strdelimit(text, "-", '+');
    g_strdelimit(text, "_", '/');
    text[(length + 3) / 4 * 4] = '\0';
    bytes = g_base64_decode(text, &length);
    return g_bytes_new_take(bytes, length);
}

static json_t *decode_json(const char *part)
{
    g_autoptr(GBytes) bytes = decode(part);
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);

    return text ? json_loadb(text, length, 0, NULL) : NULL;
}

static void parse(const char *token, Parsed *parsed)
{
    g_auto(GStrv) parts = g_strsplit(token, ".", -1);

    fuzz_check(g_strv_length(parts) == 3, "a token of %u parts passed", g_strv_length(parts));
    fuzz_check(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                   strlen(token),
               "a token with other characters passed");
    parsed->text = g_strconcat(parts[0], ".", parts[1], NULL);
    parsed->signature = decode(parts[2]);
    parsed->header = decode_json(parts[0]);
    parsed->payload = decode_json(parts[1]);
}

static void parsed_clear(Parsed *parsed)
{
    g_free(parsed->text);
    g_bytes_unref(parsed->signature);
    json_decref(parsed->header);
    json_decref(parsed->payload);
}

static gboolean is_hmac(const Parsed *parsed, const char *secret)
{
    guint8 mac[EVP_MAX_MD_SIZE];
    guint length = 0;

    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const guint8 *)parsed->text,
         strlen(parsed->text), mac, &length);
    return g_bytes_get_size(parsed->signature) == length &&
           memcmp(g_bytes_get_data(parsed->signature, NULL), mac, length) == 0;
}

/* OpenSSL wants ASN.1 of the two numbers. */
static GBytes *as_der(GBytes *raw)
{
    const guint8 *bytes = g_bytes_get_data(raw, NULL);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    guint8 *der = NULL;
    GBytes *encoded;
    int length;

    ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, NULL), BN_bin2bn(bytes + 32, 32, NULL));
    length = i2d_ECDSA_SIG(signature, &der);
    encoded = g_bytes_new(der, (gsize)length);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return encoded;
}

static gboolean is_by_key(const Parsed *parsed, EVP_PKEY *key)
{
    g_autoptr(GBytes) signature = NULL;
    EVP_MD_CTX *context;
    gboolean is_good;

    if (key == keys.ec && g_bytes_get_size(parsed->signature) != 64)
        return FALSE;
    signature = key == keys.ec ? as_der(parsed->signature) : g_bytes_ref(parsed->signature);
    context = EVP_MD_CTX_new();
    is_good =
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, g_bytes_get_data(signature, NULL), g_bytes_get_size(signature),
                         (const guint8 *)parsed->text, strlen(parsed->text)) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static gboolean is_signed(const Parsed *parsed)
{
    const char *alg = text_of(parsed->header, "alg");
    const char *kid = text_of(parsed->header, "kid");

    if (g_strcmp0(alg, "HS256") == 0)
        return ((!kid) && is_hmac(parsed, SECRET)) ||
               ((!kid || strcmp(kid, "old") == 0) && is_hmac(parsed, OLD_SECRET));
    if (g_strcmp0(alg, "RS256") == 0)
        return (!kid || strcmp(kid, "r1") == 0) && is_by_key(parsed, keys.rsa);
    if (g_strcmp0(alg, "ES256") == 0)
        return (!kid || strcmp(kid, "e1") == 0) && is_by_key(parsed, keys.ec);
    return FALSE;
}

/* --- what may be let in --- */

static void check_header(const json_t *header)
{
    static const char *const never[] = {"crit", "b64", "jku", "jwk", "x5u", "x5c"};
    const json_t *typ = json_object_get(header, "typ");

    for (guint i = 0; i < G_N_ELEMENTS(never); i++)
        fuzz_check(!json_object_get(header, never[i]), "a header with %s passed", never[i]);
    fuzz_check(!typ || g_ascii_strcasecmp(json_string_value(typ), "JWT") == 0,
               "another typ passed");
}

static void check_id(const char *id, const json_t *said)
{
    g_autofree char *number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(said));

    fuzz_check(strlen(id) >= 1 && strlen(id) <= ID_BYTES, "an id of %zu bytes", strlen(id));
    fuzz_check_text(id);
    fuzz_check(strcmp(id, json_is_integer(said) ? number : json_string_value(said)) == 0,
               "an id that the token does not say: %s", id);
}

static void check_identity(const Identity *identity, const json_t *payload)
{
    check_id(identity->user_id, json_object_get(payload, "sub"));
    if (identity->device_id)
        check_id(identity->device_id, json_object_get(payload, "device"));
    else
        fuzz_check(!text_of(payload, "device"), "the device of a token was lost");
    if (identity->name)
        check_id(identity->name, json_object_get(payload, "name"));
}

static gboolean holds(const json_t *list, const char *text)
{
    const json_t *item;
    gsize i;

    json_array_foreach(list, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return TRUE;
    }
    return FALSE;
}

static void check_claims(const TokenRules *rules, const Identity *identity, const json_t *payload)
{
    double leeway = (double)rules->leeway_ms / 1000;
    double exp = json_number_value(json_object_get(payload, "exp"));

    fuzz_check(exp + leeway > (double)NOW_S - 0.001, "an expired token passed");
    fuzz_check(json_number_value(json_object_get(payload, "nbf")) <= (double)NOW_S + leeway + 0.001,
               "a token passed that is not valid yet");
    fuzz_check(identity->expires_ms > NOW_MS &&
                   (double)identity->expires_ms <= (exp + leeway) * 1000 + 1,
               "it is believed until %" G_GINT64_FORMAT, identity->expires_ms);
    if (!rules->issuer)
        return;
    fuzz_check(g_strcmp0(text_of(payload, "iss"), rules->issuer) == 0, "another issuer passed");
    fuzz_check(g_strcmp0(text_of(payload, "aud"), rules->audience) == 0 ||
                   holds(json_object_get(payload, "aud"), rules->audience),
               "another audience passed");
}

static void check_passed(const TokenRules *rules, const char *token, const Identity *identity)
{
    Parsed parsed;

    parse(token, &parsed);
    fuzz_check(is_signed(&parsed), "a token passed that nobody signed: %s", token);
    check_header(parsed.header);
    check_identity(identity, parsed.payload);
    check_claims(rules, identity, parsed.payload);
    parsed_clear(&parsed);
}

/* It came as far as its signature, so its form is good. */
static void check_refused_signature(const char *token)
{
    Parsed parsed;

    parse(token, &parsed);
    fuzz_check(!is_signed(&parsed), "a good signature was refused: %s", token);
    parsed_clear(&parsed);
}

static void check_refused(Refusal refusal, const char *token, const char *text)
{
    fuzz_check(g_str_has_prefix(text, "token: "), "a refusal says \"%s\"", text);
    fuzz_check_text(text);
    fuzz_check(refusal == REFUSAL_UNAUTHORIZED || refusal == REFUSAL_TOKEN_EXPIRED ||
                   (refusal == REFUSAL_TOO_LARGE && strlen(token) > TOKEN_BYTES),
               "refused with %u", refusal);
    if (strcmp(text, "token: its signature is wrong") == 0 ||
        strcmp(text, "token: there is no key for its alg and kid") == 0)
        check_refused_signature(token);
}

static void verify(const TokenRules *rules, const char *token)
{
    TokenRules all = *rules;
    Identity identity = {0};
    g_autofree char *text = NULL;
    Refusal refusal;

    all.keys = keys.ring;
    refusal = token_verify(&all, token, NOW_MS, &identity, &text);
    if (refusal == REFUSAL_NONE)
        check_passed(&all, token, &identity);
    else
        check_refused(refusal, token, text);
    identity_clear(&identity);
}

/* --- start --- */

static void add(const char *kid, AuthAlgorithm algorithm, const char *material)
{
    fuzz_check(key_ring_add(keys.ring, kid, algorithm, material, strlen(material), "here", NULL),
               "a key is refused");
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    json_object_seed(1);
    keys.rsa = make_rsa(2048);
    keys.ec = make_ec("P-256");
    keys.foreign_ec = make_ec("P-256");
    keys.rsa_pem = public_pem(keys.rsa);
    keys.ec_pem = public_pem(keys.ec);
    keys.ring = key_ring_new();
    add(NULL, AUTH_HS256, SECRET);
    add("old", AUTH_HS256, OLD_SECRET);
    add("r1", AUTH_RS256, keys.rsa_pem);
    add("e1", AUTH_ES256, keys.ec_pem);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *input = g_strndup((const char *)data, size);
    g_autofree char *token = NULL;
    guint rules = 0;

    if (*input == '=')
        token = g_strdup(input + 1);
    else
        token = make_token(input, &rules);
    if (!token)
        return -1;
    verify(&configured[rules], token);
    return 0;
}
