/* The gate of tokens, its keys, and the two ways to know who a device is. */
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <openssl/err.h>

#include "auth/base64url.h"
#include "auth/jwt.h"
#include "auth/open.h"
#include "auth/token.h"
#include "token-maker.h"

#define NOW_MS (G_GINT64_CONSTANT(1800000000) * 1000)
#define SECRET "0123456789abcdef0123456789abcdef" /* 32 bytes: just enough */
#define OLD_SECRET "the secret of last year, which still counts"
#define FOREIGN_SECRET "somebody else's secret, long enough as well"

static struct {
    EVP_PKEY *rsa, *rsa_two, *foreign_rsa, *small_rsa, *ec, *foreign_ec, *other_curve;
    char *rsa_pem, *rsa_two_pem, *ec_pem;
    KeyRing *
        ring; /* everything: HS256 without kid and as "old", RS256 as "r1" and "r2", ES256 as "e1" */
} keys;

static void add(KeyRing *ring, const char *kid, AuthAlgorithm algorithm, const char *material)
{
    g_autoptr(GError) error = NULL;

    key_ring_add(ring, kid, algorithm, material, strlen(material), "here", &error);
    g_assert_no_error(error);
}

static void make_keys(void)
{
    keys.rsa = make_rsa(2048);
    keys.rsa_two = make_rsa(2048);
    keys.foreign_rsa = make_rsa(2048);
    keys.small_rsa = make_rsa(1024);
    keys.ec = make_ec("P-256");
    keys.foreign_ec = make_ec("P-256");
    keys.other_curve = make_ec("P-384");
    keys.rsa_pem = public_pem(keys.rsa);
    keys.rsa_two_pem = public_pem(keys.rsa_two);
    keys.ec_pem = public_pem(keys.ec);
    keys.ring = key_ring_new();
    add(keys.ring, NULL, AUTH_HS256, SECRET);
    add(keys.ring, "old", AUTH_HS256, OLD_SECRET);
    add(keys.ring, "r1", AUTH_RS256, keys.rsa_pem);
    add(keys.ring, "r2", AUTH_RS256, keys.rsa_two_pem);
    add(keys.ring, "e1", AUTH_ES256, keys.ec_pem);
}

static void free_keys(void)
{
    EVP_PKEY_free(keys.rsa);
    EVP_PKEY_free(keys.rsa_two);
    EVP_PKEY_free(keys.foreign_rsa);
    EVP_PKEY_free(keys.small_rsa);
    EVP_PKEY_free(keys.ec);
    EVP_PKEY_free(keys.foreign_ec);
    EVP_PKEY_free(keys.other_curve);
    g_free(keys.rsa_pem);
    g_free(keys.rsa_two_pem);
    g_free(keys.ec_pem);
    key_ring_free(keys.ring);
}

/* --- signing --- */

typedef enum {
    BY_SECRET,
    BY_OLD_SECRET,
    BY_FOREIGN_SECRET,
    BY_RSA,
    BY_RSA_TWO,
    BY_FOREIGN_RSA,
    BY_EC,
    BY_FOREIGN_EC,
    BY_OTHER_CURVE,
    BY_RSA_PEM,  /* the public key, used as a secret */
    BY_EC_PEM,   /* the same */
    BY_NOTHING,  /* HEADER.PAYLOAD and an empty signature */
    BY_THE_VOID, /* HMAC with a secret of no bytes */
} Signer;

static char *sign_text(Signer signer, const char *header, const char *payload)
{
    g_autofree char *text = NULL;

    switch (signer) {
    case BY_SECRET:
        return token_sign(header, payload, SECRET, strlen(SECRET));
    case BY_OLD_SECRET:
        return token_sign(header, payload, OLD_SECRET, strlen(OLD_SECRET));
    case BY_FOREIGN_SECRET:
        return token_sign(header, payload, FOREIGN_SECRET, strlen(FOREIGN_SECRET));
    case BY_RSA:
        return token_sign_with(header, payload, keys.rsa);
    case BY_RSA_TWO:
        return token_sign_with(header, payload, keys.rsa_two);
    case BY_FOREIGN_RSA:
        return token_sign_with(header, payload, keys.foreign_rsa);
    case BY_EC:
        return token_sign_with(header, payload, keys.ec);
    case BY_FOREIGN_EC:
        return token_sign_with(header, payload, keys.foreign_ec);
    case BY_OTHER_CURVE:
        return token_sign_with(header, payload, keys.other_curve);
    case BY_RSA_PEM:
        return token_sign(header, payload, keys.rsa_pem, strlen(keys.rsa_pem));
    case BY_EC_PEM:
        return token_sign(header, payload, keys.ec_pem, strlen(keys.ec_pem));
    case BY_NOTHING:
        text = token_unsigned(header, payload);
        return g_strconcat(text, ".", NULL);
    case BY_THE_VOID:
        return token_sign(header, payload, "", 0);
    }
    g_assert_not_reached();
}

/* Of the usual rules: an issuer, an audience, no leeway. */
static TokenRules usual_rules(void)
{
    return (TokenRules){.keys = keys.ring, .issuer = "https://api.test", .audience = "calls"};
}

#define HS "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define RS "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define ES "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
#define WHERE "\"iss\":\"https://api.test\",\"aud\":\"calls\""
#define LATER "\"exp\":1800003600"
#define GOOD "{\"sub\":\"alice\"," LATER "," WHERE "}"
#define WITH(claims) "{\"sub\":\"alice\"," LATER "," WHERE "," claims "}"

static Refusal check(const TokenRules *rules, const char *token, gint64 now_ms, Identity *identity,
                     char **text)
{
    Refusal refusal = token_verify(rules, token, now_ms, identity, text);

    g_assert_cmpuint(ERR_peek_error(), ==, 0);
    return refusal;
}

static void assert_refused(const TokenRules *rules, const char *token, gint64 now_ms,
                           Refusal expected, const char *said)
{
    Identity identity = {0};
    g_autofree char *text = NULL;
    Refusal refusal = check(rules, token, now_ms, &identity, &text);

    g_assert_cmpint(refusal, ==, expected);
    g_assert_cmpstr(text, ==, said);
    g_assert_null(identity.user_id);
    g_assert_null(identity.device_id);
    g_assert_null(identity.name);
}

static void assert_good(const TokenRules *rules, const char *token, gint64 now_ms,
                        Identity *identity)
{
    char *text = NULL;
    Refusal refusal = check(rules, token, now_ms, identity, &text);

    g_assert_cmpstr(text, ==, NULL);
    g_assert_cmpint(refusal, ==, REFUSAL_NONE);
    g_assert_nonnull(identity->user_id);
}

/* --- bad tokens, made whole --- */

#define U REFUSAL_UNAUTHORIZED
#define NO_HEADER "token: its header cannot be read"
#define NO_PAYLOAD "token: its payload cannot be read"
#define UNWANTED "token: its header holds what is not allowed: crit, b64, jku, jwk, x5u or x5c"
#define BAD_TYP "token: its typ is not JWT"
#define BAD_ALG "token: its alg is none that is allowed"
#define BAD_KID "token: its kid is not a string"
#define NO_KEY "token: there is no key for its alg and kid"
#define BAD_SIGNATURE "token: its signature is wrong"
#define BAD_SUB "token: its sub is not a userId"
#define BAD_DEVICE "token: its device is not a deviceId"
#define BAD_NAME "token: its name must be a string of at most 128 bytes without control characters"
#define BAD_ISS "token: its iss is not the one that is configured"
#define BAD_AUD "token: its aud is not the one that is configured"
#define BAD_EXP "token: its exp is not a time"
#define BAD_NBF "token: its nbf is not a time"
#define EXPIRED "token: has expired"
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

typedef struct {
    const char *path;
    Signer signer;
    const char *header;
    const char *payload;
    Refusal refusal;
    const char *text;
} Bad;

static const Bad bad_tokens[] = {
    {"alg/none", BY_NOTHING, "{\"alg\":\"none\"}", GOOD, U, BAD_ALG},
    {"alg/none-in-capitals", BY_NOTHING, "{\"alg\":\"None\"}", GOOD, U, BAD_ALG},
    {"alg/none-with-a-good-signature", BY_SECRET, "{\"alg\":\"none\"}", GOOD, U, BAD_ALG},
    {"alg/none-and-a-void-secret", BY_THE_VOID, "{\"alg\":\"none\"}", GOOD, U, BAD_ALG},
    {"alg/empty", BY_SECRET, "{\"alg\":\"\"}", GOOD, U, BAD_ALG},
    {"alg/absent", BY_SECRET, "{\"typ\":\"JWT\"}", GOOD, U, BAD_ALG},
    {"alg/null", BY_SECRET, "{\"alg\":null}", GOOD, U, BAD_ALG},
    {"alg/number", BY_SECRET, "{\"alg\":256}", GOOD, U, BAD_ALG},
    {"alg/list", BY_SECRET, "{\"alg\":[\"HS256\"]}", GOOD, U, BAD_ALG},
    {"alg/in-small-letters", BY_SECRET, "{\"alg\":\"hs256\"}", GOOD, U, BAD_ALG},
    {"alg/with-a-space", BY_SECRET, "{\"alg\":\"HS256 \"}", GOOD, U, BAD_ALG},
    {"alg/hs512", BY_SECRET, "{\"alg\":\"HS512\"}", GOOD, U, BAD_ALG},
    {"alg/hs384", BY_SECRET, "{\"alg\":\"HS384\"}", GOOD, U, BAD_ALG},
    {"alg/rs512", BY_RSA, "{\"alg\":\"RS512\"}", GOOD, U, BAD_ALG},
    {"alg/ps256", BY_RSA, "{\"alg\":\"PS256\"}", GOOD, U, BAD_ALG},
    {"alg/es384", BY_EC, "{\"alg\":\"ES384\"}", GOOD, U, BAD_ALG},
    {"alg/eddsa", BY_EC, "{\"alg\":\"EdDSA\"}", GOOD, U, BAD_ALG},
    {"alg/twice", BY_SECRET, "{\"alg\":\"none\",\"alg\":\"HS256\"}", GOOD, U, NO_HEADER},
    {"alg/twice-the-other-way", BY_SECRET, "{\"alg\":\"HS256\",\"alg\":\"none\"}", GOOD, U,
     NO_HEADER},
    {"alg/twice-once-escaped", BY_SECRET, "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", GOOD, U,
     NO_HEADER},
    {"alg/in-capitals-too", BY_SECRET, "{\"Alg\":\"HS256\"}", GOOD, U, BAD_ALG},

    {"confusion/hs256-by-the-rsa-public-key", BY_RSA_PEM, HS, GOOD, U, BAD_SIGNATURE},
    {"confusion/hs256-by-the-rsa-public-key-and-its-kid", BY_RSA_PEM,
     "{\"alg\":\"HS256\",\"kid\":\"r1\"}", GOOD, U, NO_KEY},
    {"confusion/hs256-by-the-ec-public-key-and-its-kid", BY_EC_PEM,
     "{\"alg\":\"HS256\",\"kid\":\"e1\"}", GOOD, U, NO_KEY},
    {"confusion/rs256-by-the-secret", BY_SECRET, RS, GOOD, U, BAD_SIGNATURE},
    {"confusion/rs256-by-the-ec-key", BY_EC, RS, GOOD, U, BAD_SIGNATURE},
    {"confusion/es256-by-the-rsa-key", BY_RSA, ES, GOOD, U, BAD_SIGNATURE},
    {"confusion/es256-with-the-kid-of-rsa", BY_EC, "{\"alg\":\"ES256\",\"kid\":\"r1\"}", GOOD, U,
     NO_KEY},

    {"kid/unknown", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"nobody\"}", GOOD, U, NO_KEY},
    {"kid/swapped", BY_RSA, "{\"alg\":\"RS256\",\"kid\":\"r2\"}", GOOD, U, BAD_SIGNATURE},
    {"kid/of-the-old-secret", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"old\"}", GOOD, U,
     BAD_SIGNATURE},
    {"kid/empty", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"\"}", GOOD, U, NO_KEY},
    {"kid/path", BY_THE_VOID, "{\"alg\":\"HS256\",\"kid\":\"/dev/null\"}", GOOD, U, NO_KEY},
    {"kid/path-upwards", BY_THE_VOID, "{\"alg\":\"HS256\",\"kid\":\"../../../../dev/null\"}", GOOD,
     U, NO_KEY},
    {"kid/sql", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"' OR '1'='1\"}", GOOD, U, NO_KEY},
    {"kid/command", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"|id\"}", GOOD, U, NO_KEY},
    {"kid/null", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":null}", GOOD, U, BAD_KID},
    {"kid/number", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":0}", GOOD, U, BAD_KID},
    {"kid/object", BY_SECRET, "{\"alg\":\"HS256\",\"kid\":{}}", GOOD, U, BAD_KID},
    {"kid/with-nul", BY_OLD_SECRET, "{\"alg\":\"HS256\",\"kid\":\"old\\u0000\"}", GOOD, U,
     NO_HEADER},
    {"kid/twice", BY_OLD_SECRET, "{\"alg\":\"HS256\",\"kid\":\"old\",\"kid\":\"r1\"}", GOOD, U,
     NO_HEADER},

    {"header/crit-unknown", BY_SECRET, "{\"alg\":\"HS256\",\"crit\":[\"ours\"],\"ours\":1}", GOOD,
     U, UNWANTED},
    {"header/crit-empty", BY_SECRET, "{\"alg\":\"HS256\",\"crit\":[]}", GOOD, U, UNWANTED},
    {"header/b64", BY_SECRET, "{\"alg\":\"HS256\",\"b64\":false}", GOOD, U, UNWANTED},
    {"header/jku", BY_SECRET, "{\"alg\":\"HS256\",\"jku\":\"https://evil.test/jwks\"}", GOOD, U,
     UNWANTED},
    {"header/x5u", BY_SECRET, "{\"alg\":\"HS256\",\"x5u\":\"https://evil.test/x\"}", GOOD, U,
     UNWANTED},
    {"header/jwk", BY_FOREIGN_EC, "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}", GOOD, U,
     UNWANTED},
    {"header/x5c", BY_FOREIGN_RSA, "{\"alg\":\"RS256\",\"x5c\":[\"MII\"]}", GOOD, U, UNWANTED},
    {"header/typ-at-jwt", BY_SECRET, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", GOOD, U, BAD_TYP},
    {"header/typ-jws", BY_SECRET, "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}", GOOD, U, BAD_TYP},
    {"header/typ-number", BY_SECRET, "{\"alg\":\"HS256\",\"typ\":1}", GOOD, U, BAD_TYP},
    {"header/empty-object", BY_SECRET, "{}", GOOD, U, BAD_ALG},
    {"header/list", BY_SECRET, "[\"HS256\"]", GOOD, U, NO_HEADER},
    {"header/string", BY_SECRET, "\"HS256\"", GOOD, U, NO_HEADER},
    {"header/no-json", BY_SECRET, "alg=HS256", GOOD, U, NO_HEADER},
    {"header/something-behind", BY_SECRET, HS "{}", GOOD, U, NO_HEADER},
    {"header/not-utf-8", BY_SECRET, "{\"alg\":\"HS256\",\"x\":\"\xff\"}", GOOD, U, NO_HEADER},
    {"header/nothing", BY_SECRET, "", GOOD, U, NO_HEADER},

    {"signature/foreign-secret", BY_FOREIGN_SECRET, HS, GOOD, U, BAD_SIGNATURE},
    {"signature/foreign-rsa", BY_FOREIGN_RSA, RS, GOOD, U, BAD_SIGNATURE},
    {"signature/foreign-ec", BY_FOREIGN_EC, ES, GOOD, U, BAD_SIGNATURE},
    {"signature/of-another-curve", BY_OTHER_CURVE, ES, GOOD, U, BAD_SIGNATURE},
    {"signature/none-for-hs256", BY_NOTHING, HS, GOOD, U, BAD_SIGNATURE},
    {"signature/none-for-rs256", BY_NOTHING, RS, GOOD, U, BAD_SIGNATURE},
    {"signature/none-for-es256", BY_NOTHING, ES, GOOD, U, BAD_SIGNATURE},
    {"signature/of-a-void-secret", BY_THE_VOID, HS, GOOD, U, BAD_SIGNATURE},

    {"payload/no-json", BY_SECRET, HS, "alice", U, NO_PAYLOAD},
    {"payload/nothing", BY_SECRET, HS, "", U, NO_PAYLOAD},
    {"payload/list", BY_SECRET, HS, "[]", U, NO_PAYLOAD},
    {"payload/unfinished", BY_SECRET, HS, "{\"sub\":\"alice\"", U, NO_PAYLOAD},
    {"payload/something-behind", BY_SECRET, HS, GOOD " x", U, NO_PAYLOAD},
    {"payload/sub-twice", BY_SECRET, HS, WITH("\"sub\":\"bob\""), U, NO_PAYLOAD},
    {"payload/exp-twice", BY_SECRET, HS, WITH("\"exp\":1900000000"), U, NO_PAYLOAD},
    {"payload/not-utf-8", BY_SECRET, HS, "{\"sub\":\"\xc3\x28\"," LATER "," WHERE "}", U,
     NO_PAYLOAD},

    {"sub/absent", BY_SECRET, HS, "{" LATER "," WHERE "}", U, "token: has no sub"},
    {"sub/null", BY_SECRET, HS, "{\"sub\":null," LATER "," WHERE "}", U, "token: has no sub"},
    {"sub/empty", BY_SECRET, HS, "{\"sub\":\"\"," LATER "," WHERE "}", U, BAD_SUB},
    {"sub/fraction", BY_SECRET, HS, "{\"sub\":1.5," LATER "," WHERE "}", U, BAD_SUB},
    {"sub/true", BY_SECRET, HS, "{\"sub\":true," LATER "," WHERE "}", U, BAD_SUB},
    {"sub/object", BY_SECRET, HS, "{\"sub\":{}," LATER "," WHERE "}", U, BAD_SUB},
    {"sub/too-long", BY_SECRET, HS, "{\"sub\":\"" X64 X64 "x\"," LATER "," WHERE "}", U, BAD_SUB},
    {"sub/newline", BY_SECRET, HS, "{\"sub\":\"a\\nb\"," LATER "," WHERE "}", U, BAD_SUB},
    {"sub/with-nul", BY_SECRET, HS, "{\"sub\":\"alice\\u0000\"," LATER "," WHERE "}", U,
     NO_PAYLOAD},

    {"exp/absent", BY_SECRET, HS, "{\"sub\":\"alice\"," WHERE "}", U, "token: has no exp"},
    {"exp/null", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":null," WHERE "}", U,
     "token: has no exp"},
    {"exp/past", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1799999999," WHERE "}",
     REFUSAL_TOKEN_EXPIRED, EXPIRED},
    {"exp/now", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1800000000," WHERE "}",
     REFUSAL_TOKEN_EXPIRED, EXPIRED},
    {"exp/zero", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":0," WHERE "}", REFUSAL_TOKEN_EXPIRED,
     EXPIRED},
    {"exp/fraction-past", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1799999999.9," WHERE "}",
     REFUSAL_TOKEN_EXPIRED, EXPIRED},
    {"exp/string", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":\"1800003600\"," WHERE "}", U,
     BAD_EXP},
    {"exp/true", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":true," WHERE "}", U, BAD_EXP},
    {"exp/negative", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":-1," WHERE "}", U, BAD_EXP},
    {"exp/in-milliseconds", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1800003600000," WHERE "}", U,
     BAD_EXP},
    {"exp/near-the-greatest-integer", BY_SECRET, HS,
     "{\"sub\":\"alice\",\"exp\":9223372036854775807," WHERE "}", U, BAD_EXP},
    {"exp/greater-than-any-integer", BY_SECRET, HS,
     "{\"sub\":\"alice\",\"exp\":9223372036854775808," WHERE "}", U, NO_PAYLOAD},
    {"exp/huge", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1e300," WHERE "}", U, BAD_EXP},
    {"exp/beyond-huge", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1e999," WHERE "}", U,
     NO_PAYLOAD},
    {"exp/not-a-number", BY_SECRET, HS, "{\"sub\":\"alice\",\"exp\":NaN," WHERE "}", U, NO_PAYLOAD},

    {"nbf/later", BY_SECRET, HS, WITH("\"nbf\":1800000001"), U, "token: is not valid yet"},
    {"nbf/fraction-later", BY_SECRET, HS, WITH("\"nbf\":1800000000.5"), U,
     "token: is not valid yet"},
    {"nbf/string", BY_SECRET, HS, WITH("\"nbf\":\"1700000000\""), U, BAD_NBF},
    {"nbf/huge", BY_SECRET, HS, WITH("\"nbf\":1e300"), U, BAD_NBF},
    {"iat/string", BY_SECRET, HS, WITH("\"iat\":\"now\""), U, "token: its iat is not a time"},

    {"iss/other", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://evil.test\",\"aud\":\"calls\"}", U, BAD_ISS},
    {"iss/absent", BY_SECRET, HS, "{\"sub\":\"alice\"," LATER ",\"aud\":\"calls\"}", U, BAD_ISS},
    {"iss/list", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":[\"https://api.test\"],\"aud\":\"calls\"}", U, BAD_ISS},
    {"iss/longer", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test.evil\",\"aud\":\"calls\"}", U,
     BAD_ISS},
    {"aud/other", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test\",\"aud\":\"chat\"}", U, BAD_AUD},
    {"aud/absent", BY_SECRET, HS, "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test\"}", U,
     BAD_AUD},
    {"aud/empty-list", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test\",\"aud\":[]}", U, BAD_AUD},
    {"aud/list-without-it", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test\",\"aud\":[\"a\",7,\"CALLS\"]}", U,
     BAD_AUD},
    {"aud/list-in-a-list", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test\",\"aud\":[[\"calls\"]]}", U,
     BAD_AUD},

    {"device/empty", BY_SECRET, HS, WITH("\"device\":\"\""), U, BAD_DEVICE},
    {"device/false", BY_SECRET, HS, WITH("\"device\":false"), U, BAD_DEVICE},
    {"device/control-character", BY_SECRET, HS, WITH("\"device\":\"a\\u007f\""), U, BAD_DEVICE},
    {"name/number", BY_SECRET, HS, WITH("\"name\":7"), U, BAD_NAME},
    {"name/newline", BY_SECRET, HS, WITH("\"name\":\"a\\r\\nb\""), U, BAD_NAME},
    {"name/too-long", BY_SECRET, HS, WITH("\"name\":\"" X64 X64 "x\""), U, BAD_NAME},

    {"order/expired-and-for-others", BY_SECRET, HS,
     "{\"sub\":\"alice\",\"exp\":1,\"iss\":\"https://api.test\",\"aud\":\"chat\"}", U, BAD_AUD},
    {"order/expired-and-forged", BY_FOREIGN_SECRET, HS, "{\"sub\":\"alice\",\"exp\":1," WHERE "}",
     U, BAD_SIGNATURE},
};

static void test_bad_token(gconstpointer data)
{
    const Bad *bad = data;
    TokenRules rules = usual_rules();
    g_autofree char *token = sign_text(bad->signer, bad->header, bad->payload);

    assert_refused(&rules, token, NOW_MS, bad->refusal, bad->text);
}

/* --- bad tokens, made of a good one --- */

#define NOT_THREE "token: must have three parts"
#define NO_SIGNATURE "token: its signature cannot be read"

typedef struct {
    const char *path;
    const char *text; /* of the refusal */
    char *(*spoil)(const char *header, const char *payload, const char *signature);
} Spoilt;

#define SPOIL(name, ...)                                                                           \
    static char *name(const char *header G_GNUC_UNUSED, const char *payload G_GNUC_UNUSED,         \
                      const char *signature G_GNUC_UNUSED)                                         \
    {                                                                                              \
        return g_strconcat(__VA_ARGS__, NULL);                                                     \
    }

SPOIL(spoil_nothing_left, "", "")
SPOIL(spoil_dots_only, "..", "")
SPOIL(spoil_one_part, header, "")
SPOIL(spoil_two_parts, header, ".", payload)
SPOIL(spoil_four_parts, header, ".", payload, ".", signature, ".", signature)
SPOIL(spoil_five_parts, header, "..", payload, ".", signature, ".x")
SPOIL(spoil_dot_behind, header, ".", payload, ".", signature, ".")
SPOIL(spoil_dot_before, ".", header, ".", payload, ".", signature)
SPOIL(spoil_header_away, ".", payload, ".", signature)
SPOIL(spoil_payload_away, header, "..", signature)
SPOIL(spoil_padded_header, header, "=.", payload, ".", signature)
SPOIL(spoil_padded_payload, header, ".", payload, "==.", signature)
SPOIL(spoil_padded_signature, header, ".", payload, ".", signature, "=")
SPOIL(spoil_space_before, " ", header, ".", payload, ".", signature)
SPOIL(spoil_newline_behind, header, ".", payload, ".", signature, "\n")
SPOIL(spoil_bearer, "Bearer ", header, ".", payload, ".", signature)
SPOIL(spoil_quotes, "\"", header, ".", payload, ".", signature, "\"")
SPOIL(spoil_parts_swapped, payload, ".", header, ".", signature)
/* Four times, so that no bits are left over. */
SPOIL(spoil_signature_repeated, header, ".", payload, ".", signature, signature, signature,
      signature)
SPOIL(spoil_bytes_above, header, ".", payload, "\xc3\xa4.", signature)

/* Other bits behind the last byte: the same bytes for a careless reader. */
static char *spoil_last_bits(const char *header, const char *payload, const char *signature)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *token = g_strconcat(header, ".", payload, ".", signature, NULL);
    char *last = token + strlen(token) - 1;

    /* 43 characters carry 258 bits, of which 256 count. */
    g_assert_cmpuint(strlen(signature), ==, 43);
    *last = alphabet[(strchr(alphabet, *last) - alphabet) ^ 1];
    return token;
}

static char *spoil_standard_alphabet(const char *header, const char *payload, const char *signature)
{
    char *token = g_strconcat(header, ".", payload, ".", signature, NULL);

    token[strlen(token) - 2] = '+';
    token[strlen(token) - 3] = '/';
    return token;
}

static char *spoil_signature_of_another(const char *header, const char *payload,
                                        const char *signature G_GNUC_UNUSED)
{
    g_autofree char *other = sign_text(BY_SECRET, HS, WITH("\"jti\":\"2\""));

    return g_strconcat(header, ".", payload, strrchr(other, '.'), NULL);
}

static char *spoil_payload_of_another(const char *header, const char *payload G_GNUC_UNUSED,
                                      const char *signature)
{
    static const char other[] = "{\"sub\":\"admin\"," LATER "," WHERE "}";
    g_autofree char *forged = base64url(other, strlen(other));

    return g_strconcat(header, ".", forged, ".", signature, NULL);
}

static char *spoil_header_of_another(const char *header G_GNUC_UNUSED, const char *payload,
                                     const char *signature)
{
    static const char other[] = "{\"typ\":\"JWT\",\"alg\":\"HS256\"}";
    g_autofree char *forged = base64url(other, strlen(other));

    return g_strconcat(forged, ".", payload, ".", signature, NULL);
}

static const Spoilt spoilt_tokens[] = {
    {"nothing", NOT_THREE, spoil_nothing_left},
    {"dots", NO_HEADER, spoil_dots_only},
    {"one-part", NOT_THREE, spoil_one_part},
    {"two-parts", NOT_THREE, spoil_two_parts},
    {"four-parts", NOT_THREE, spoil_four_parts},
    {"five-parts", NOT_THREE, spoil_five_parts},
    {"dot-behind", NOT_THREE, spoil_dot_behind},
    {"dot-before", NOT_THREE, spoil_dot_before},
    {"header-away", NO_HEADER, spoil_header_away},
    {"payload-away", NO_PAYLOAD, spoil_payload_away},
    {"padded-header", NO_HEADER, spoil_padded_header},
    {"padded-payload", NO_PAYLOAD, spoil_padded_payload},
    {"padded-signature", NO_SIGNATURE, spoil_padded_signature},
    {"space-before", NO_HEADER, spoil_space_before},
    {"newline-behind", NO_SIGNATURE, spoil_newline_behind},
    {"bearer", NO_HEADER, spoil_bearer},
    {"quotes", NO_HEADER, spoil_quotes},
    {"parts-swapped", BAD_ALG, spoil_parts_swapped},
    {"signature-repeated", BAD_SIGNATURE, spoil_signature_repeated},
    {"bytes-above-ascii", NO_PAYLOAD, spoil_bytes_above},
    {"last-bits", NO_SIGNATURE, spoil_last_bits},
    {"standard-alphabet", NO_SIGNATURE, spoil_standard_alphabet},
    {"signature-of-another", BAD_SIGNATURE, spoil_signature_of_another},
    {"payload-of-another", BAD_SIGNATURE, spoil_payload_of_another},
    {"header-of-another", BAD_SIGNATURE, spoil_header_of_another},
};

static void test_spoilt_token(gconstpointer data)
{
    const Spoilt *spoilt = data;
    TokenRules rules = usual_rules();
    g_autofree char *good = sign_text(BY_SECRET, HS, GOOD);
    g_auto(GStrv) parts = g_strsplit(good, ".", -1);
    g_autofree char *token = spoilt->spoil(parts[0], parts[1], parts[2]);

    assert_refused(&rules, token, NOW_MS, U, spoilt->text);
}

static void test_every_truncation(void)
{
    static const struct {
        Signer signer;
        const char *header;
    } kinds[] = {{BY_SECRET, HS}, {BY_RSA, RS}, {BY_EC, ES}};
    TokenRules rules = usual_rules();

    for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autofree char *good = sign_text(kinds[k].signer, kinds[k].header, GOOD);
        gsize length = strlen(good);

        for (gsize i = 0; i < length; i++) {
            g_autofree char *start = g_strndup(good, i);
            Identity identity = {0};
            g_autofree char *text = NULL;

            g_assert_cmpint(check(&rules, start, NOW_MS, &identity, &text), ==, U);
            g_assert_true(g_str_has_prefix(text, "token: "));
        }
    }
}

/* One bit of a good token, whichever it is. */
static void test_every_flipped_bit(void)
{
    TokenRules rules = usual_rules();
    g_autofree char *good = sign_text(BY_SECRET, HS, GOOD);
    gsize length = strlen(good);

    for (gsize i = 0; i < length * 7; i++) {
        g_autofree char *flipped = g_strdup(good);
        Identity identity = {0};
        g_autofree char *text = NULL;

        flipped[i / 7] = (char)(flipped[i / 7] ^ (1 << i % 7));
        g_assert_cmpint(check(&rules, flipped, NOW_MS, &identity, &text), ==, U);
    }
}

/* An EC signature of any other length, with zeros before its halves too: libjwt cuts in the middle. */
static void test_es256_signature_has_64_bytes(void)
{
    TokenRules rules = usual_rules();
    g_autofree char *good = sign_text(BY_EC, ES, GOOD);
    char *dot = strrchr(good, '.');
    g_autoptr(GBytes) raw = base64url_decode(dot + 1, strlen(dot + 1));
    const guint8 *bytes = g_bytes_get_data(raw, NULL);
    Identity identity = {0};

    assert_good(&rules, good, NOW_MS, &identity);
    identity_clear(&identity);
    *dot = '\0';
    for (gsize half = 0; half <= 64; half++) {
        g_autofree guint8 *other = g_malloc0(2 * half + 1);
        g_autofree char *signature = NULL;
        g_autofree char *token = NULL;

        if (half == 32)
            continue;
        for (gsize i = 0; i < MIN(half, 32); i++) {
            other[half - 1 - i] = bytes[31 - i];
            other[2 * half - 1 - i] = bytes[63 - i];
        }
        signature = base64url(other, 2 * half);
        token = g_strconcat(good, ".", signature, NULL);
        assert_refused(&rules, token, NOW_MS, U, BAD_SIGNATURE);
    }
}

static void test_es256_of_zeros(void)
{
    TokenRules rules = usual_rules();
    static const guint8 zeros[64];
    g_autofree char *signature = base64url(zeros, sizeof zeros);
    g_autofree char *text = token_unsigned(ES, GOOD);
    g_autofree char *token = g_strconcat(text, ".", signature, NULL);

    assert_refused(&rules, token, NOW_MS, U, BAD_SIGNATURE);
}

/* --- sizes --- */

static char *token_of_length(gsize length)
{
    gsize filling = 0;
    char *token = NULL;

    do {
        g_autofree char *filled = g_strnfill(filling++, 'x');
        g_autofree char *payload =
            g_strdup_printf("{\"sub\":\"alice\"," LATER "," WHERE ",\"x\":\"%s\"}", filled);

        g_free(token);
        token = sign_text(BY_SECRET, HS, payload);
        filling += (length - MIN(length, strlen(token))) / 2;
    } while (strlen(token) < length);
    return token;
}

static void test_sizes(void)
{
    TokenRules rules = usual_rules();
    g_autofree char *fits = token_of_length(TOKEN_BYTES - 1);
    g_autofree char *over = token_of_length(TOKEN_BYTES + 1);
    g_autofree char *megabyte = token_of_length(1024 * 1024);
    Identity identity = {0};

    g_assert_cmpuint(strlen(fits), <=, TOKEN_BYTES);
    assert_good(&rules, fits, NOW_MS, &identity);
    identity_clear(&identity);
    assert_refused(&rules, over, NOW_MS, REFUSAL_TOO_LARGE, "token: must have at most 8192 bytes");
    assert_refused(&rules, megabyte, NOW_MS, REFUSAL_TOO_LARGE,
                   "token: must have at most 8192 bytes");
}

/* As deep as its size allows. */
static void test_deep_payload(void)
{
    TokenRules rules = usual_rules();
    g_autofree char *deep = g_strnfill(5000, '[');
    g_autofree char *payload = g_strconcat("{\"a\":", deep, NULL);
    g_autofree char *token = sign_text(BY_SECRET, HS, payload);

    assert_refused(&rules, token, NOW_MS, U, NO_PAYLOAD);
}

/* --- good tokens --- */

typedef struct {
    const char *path;
    Signer signer;
    const char *header;
    const char *payload;
    const char *user;
    const char *device;
    const char *name;
    gint64 expires_ms;
} Fine;

#define LATER_MS (G_GINT64_CONSTANT(1800003600) * 1000)

static const Fine good_tokens[] = {
    {"hs256", BY_SECRET, HS, GOOD, "alice", NULL, NULL, LATER_MS},
    {"rs256", BY_RSA, RS, GOOD, "alice", NULL, NULL, LATER_MS},
    {"es256", BY_EC, ES, GOOD, "alice", NULL, NULL, LATER_MS},
    {"hs256-old-without-kid", BY_OLD_SECRET, HS, GOOD, "alice", NULL, NULL, LATER_MS},
    {"hs256-old-by-kid", BY_OLD_SECRET, "{\"kid\":\"old\",\"alg\":\"HS256\"}", GOOD, "alice", NULL,
     NULL, LATER_MS},
    {"rs256-second-without-kid", BY_RSA_TWO, RS, GOOD, "alice", NULL, NULL, LATER_MS},
    {"rs256-second-by-kid", BY_RSA_TWO, "{\"alg\":\"RS256\",\"kid\":\"r2\"}", GOOD, "alice", NULL,
     NULL, LATER_MS},
    {"typ-absent", BY_SECRET, "{\"alg\":\"HS256\"}", GOOD, "alice", NULL, NULL, LATER_MS},
    {"typ-in-small-letters", BY_SECRET, "{\"alg\":\"HS256\",\"typ\":\"jwt\"}", GOOD, "alice", NULL,
     NULL, LATER_MS},
    {"unknown-header", BY_SECRET, "{\"alg\":\"HS256\",\"cty\":\"x\",\"x\":[1]}", GOOD, "alice",
     NULL, NULL, LATER_MS},
    {"spaces-in-json", BY_SECRET, " { \"alg\" : \"HS256\" } ", " " GOOD "\n", "alice", NULL, NULL,
     LATER_MS},
    {"sub-integer", BY_SECRET, HS, "{\"sub\":42," LATER "," WHERE "}", "42", NULL, NULL, LATER_MS},
    {"sub-zero", BY_SECRET, HS, "{\"sub\":0," LATER "," WHERE "}", "0", NULL, NULL, LATER_MS},
    {"sub-of-128-bytes", BY_SECRET, HS, "{\"sub\":\"" X64 X64 "\"," LATER "," WHERE "}", X64 X64,
     NULL, NULL, LATER_MS},
    {"sub-not-ascii", BY_SECRET, HS, "{\"sub\":\"\xc3\xa4\\u00e4\"," LATER "," WHERE "}",
     "\xc3\xa4\xc3\xa4", NULL, NULL, LATER_MS},
    {"exp-fraction", BY_RSA, RS, "{\"sub\":\"7\",\"exp\":1800000000.25," WHERE "}", "7", NULL, NULL,
     NOW_MS + 250},
    {"exp-exponent", BY_SECRET, HS, "{\"sub\":\"7\",\"exp\":1.8000036e9," WHERE "}", "7", NULL,
     NULL, LATER_MS},
    {"exp-last", BY_SECRET, HS, "{\"sub\":\"7\",\"exp\":253402300799," WHERE "}", "7", NULL, NULL,
     G_GINT64_CONSTANT(253402300799000)},
    {"passport", BY_RSA, RS,
     "{\"aud\":\"calls\",\"jti\":\"f3\",\"iat\":1799999000.123456,\"nbf\":1799999000.123456,"
     "\"exp\":1800003600.5,\"sub\":\"1\",\"scopes\":[],\"iss\":\"https://api.test\"}",
     "1", NULL, NULL, LATER_MS + 500},
    {"nbf-now", BY_SECRET, HS, WITH("\"nbf\":1800000000"), "alice", NULL, NULL, LATER_MS},
    {"nbf-and-iat-null", BY_SECRET, HS, WITH("\"nbf\":null,\"iat\":null"), "alice", NULL, NULL,
     LATER_MS},
    {"aud-in-a-list", BY_SECRET, HS,
     "{\"sub\":\"alice\"," LATER ",\"iss\":\"https://api.test\",\"aud\":[\"chat\",1,\"calls\"]}",
     "alice", NULL, NULL, LATER_MS},
    {"device", BY_SECRET, HS, WITH("\"device\":\"phone\""), "alice", "phone", NULL, LATER_MS},
    {"device-integer", BY_SECRET, HS, WITH("\"device\":7"), "alice", "7", NULL, LATER_MS},
    {"name", BY_SECRET, HS, WITH("\"name\":\"Alice \\u00c4\""), "alice", NULL, "Alice \xc3\x84",
     LATER_MS},
    {"name-empty", BY_SECRET, HS, WITH("\"name\":\"\""), "alice", NULL, NULL, LATER_MS},
    {"device-and-name-null", BY_SECRET, HS, WITH("\"device\":null,\"name\":null"), "alice", NULL,
     NULL, LATER_MS},
};

static void test_good_token(gconstpointer data)
{
    const Fine *fine = data;
    TokenRules rules = usual_rules();
    g_autofree char *token = sign_text(fine->signer, fine->header, fine->payload);
    Identity identity = {0};

    assert_good(&rules, token, NOW_MS, &identity);
    g_assert_cmpstr(identity.user_id, ==, fine->user);
    g_assert_cmpstr(identity.device_id, ==, fine->device);
    g_assert_cmpstr(identity.name, ==, fine->name);
    g_assert_cmpint(identity.expires_ms, ==, fine->expires_ms);
    identity_clear(&identity);
}

static void test_nothing_is_configured(void)
{
    TokenRules rules = {.keys = keys.ring, .issuer = "", .audience = NULL};
    g_autofree char *token = sign_text(BY_SECRET, HS, "{\"sub\":\"alice\",\"aud\":9," LATER "}");
    Identity identity = {0};

    assert_good(&rules, token, NOW_MS, &identity);
    identity_clear(&identity);
}

/* Its end is exp; only who comes in the leeway has until the leeway's end. */
static void test_leeway(void)
{
    TokenRules rules = usual_rules();
    g_autofree char *token = sign_text(BY_SECRET, HS, WITH("\"nbf\":1800000000"));
    Identity identity = {0};

    rules.leeway_ms = 5000;
    assert_refused(&rules, token, NOW_MS - 5001, U, "token: is not valid yet");
    assert_good(&rules, token, NOW_MS - 5000, &identity);
    g_assert_cmpint(identity.expires_ms, ==, LATER_MS);
    identity_clear(&identity);
    assert_good(&rules, token, LATER_MS - 1, &identity);
    g_assert_cmpint(identity.expires_ms, ==, LATER_MS);
    identity_clear(&identity);
    assert_good(&rules, token, LATER_MS, &identity);
    g_assert_cmpint(identity.expires_ms, ==, LATER_MS + 5000);
    identity_clear(&identity);
    assert_good(&rules, token, LATER_MS + 4999, &identity);
    identity_clear(&identity);
    assert_refused(&rules, token, LATER_MS + 5000, REFUSAL_TOKEN_EXPIRED, EXPIRED);
}

/* With keys of one algorithm the others are unknown, whoever signed. */
static void test_algorithm_without_a_key(void)
{
    g_autoptr(KeyRing) ring = key_ring_new();
    TokenRules rules = usual_rules();
    g_autofree char *by_secret = sign_text(BY_SECRET, HS, GOOD);
    g_autofree char *by_pem = sign_text(BY_RSA_PEM, HS, GOOD);
    g_autofree char *by_ec = sign_text(BY_EC, ES, GOOD);
    g_autofree char *by_rsa = sign_text(BY_RSA, RS, GOOD);
    Identity identity = {0};

    add(ring, NULL, AUTH_RS256, keys.rsa_pem);
    rules.keys = ring;
    assert_refused(&rules, by_secret, NOW_MS, U, NO_KEY);
    assert_refused(&rules, by_pem, NOW_MS, U, NO_KEY);
    assert_refused(&rules, by_ec, NOW_MS, U, NO_KEY);
    assert_good(&rules, by_rsa, NOW_MS, &identity);
    identity_clear(&identity);
}

/* --- the examples of RFC 7515, appendix A.1 to A.3: they have no sub, and that is all --- */

#define RFC_PAYLOAD                                                                                \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"   \
    "VlfQ"
#define RFC_HS256                                                                                  \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC_PAYLOAD                                        \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define RFC_RS256                                                                                  \
    "eyJhbGciOiJSUzI1NiJ9." RFC_PAYLOAD                                                            \
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp" \
    "5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHl" \
    "b1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9Q" \
    "OYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define RFC_ES256                                                                                  \
    "eyJhbGciOiJFUzI1NiJ9." RFC_PAYLOAD                                                            \
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RFC_SECRET                                                                                 \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define RFC_RSA                                                                                    \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj\n"                           \
    "NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz\n"                           \
    "P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo\n"                           \
    "9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB\n"                           \
    "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX\n"                           \
    "FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\n"                           \
    "oQIDAQAB\n-----END PUBLIC KEY-----\n"
#define RFC_EC                                                                                     \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"                           \
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"                               \
    "-----END PUBLIC KEY-----\n"

static void test_rfc_examples(void)
{
    static const char *const tokens[] = {RFC_HS256, RFC_RS256, RFC_ES256};
    g_autoptr(GBytes) secret = base64url_decode(RFC_SECRET, strlen(RFC_SECRET));
    g_autoptr(KeyRing) ring = key_ring_new();
    TokenRules rules = {.keys = ring};
    gsize length;
    const char *bytes = g_bytes_get_data(secret, &length);

    g_assert_true(key_ring_add(ring, NULL, AUTH_HS256, bytes, length, "rfc", NULL));
    add(ring, NULL, AUTH_RS256, RFC_RSA);
    add(ring, NULL, AUTH_ES256, RFC_EC);
    for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
        g_autofree char *spoilt = g_strdup(tokens[i]);

        assert_refused(&rules, tokens[i], NOW_MS, U, "token: has no sub");
        spoilt[strlen(spoilt) - 10] ^= 1;
        assert_refused(&rules, spoilt, NOW_MS, U, BAD_SIGNATURE);
    }
}

/* --- base64url --- */

static void test_base64url_known_answers(void)
{
    static const struct {
        const char *text;
        const char *value; /* NULL: not canonical */
    } answers[] = {
        {"", ""},         {"Zg", "f"},        {"Zm8", "fo"},
        {"Zm9v", "foo"},  {"Zm9vYg", "foob"}, {"-_-_", "\xfb\xff\xbf"},
        {"Zh", NULL},     {"Zm9", NULL},      {"Z", NULL},
        {"A", NULL},      {"Zm9vA", NULL},    {"Zm9vY", NULL},
        {"Zg==", NULL},   {"Zm 8", NULL},     {"+/+/", NULL},
        {"Zm9v\n", NULL}, {"Zm.v", NULL},     {"\xc3\xa4", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autoptr(GBytes) value = base64url_decode(answers[i].text, strlen(answers[i].text));
        gsize length;
        const char *bytes = value ? g_bytes_get_data(value, &length) : NULL;

        g_test_message("%s", answers[i].text);
        g_assert_true((value != NULL) == (answers[i].value != NULL));
        if (value)
            g_assert_cmpmem(bytes, length, answers[i].value, strlen(answers[i].value));
    }
}

/* What another encoder writes is read; of all texts of a length only those are. */
static void test_base64url_is_one_to_one(void)
{
    for (guint i = 0; i < 1u << 16; i++) {
        guint8 bytes[] = {(guint8)(i >> 8), (guint8)i};
        g_autofree char *text = base64url(bytes, sizeof bytes);
        g_autoptr(GBytes) value = base64url_decode(text, strlen(text));

        g_assert_nonnull(value);
        g_assert_cmpmem(bytes, sizeof bytes, g_bytes_get_data(value, NULL),
                        g_bytes_get_size(value));
    }
    for (guint i = 0; i < 1u << 14; i++) {
        char text[] = {(char)(i & 127), (char)(i >> 7)};
        g_autoptr(GBytes) value = base64url_decode(text, 2);
        g_autofree char *again = NULL;

        if (!value)
            continue;
        again = base64url(g_bytes_get_data(value, NULL), g_bytes_get_size(value));
        g_assert_cmpmem(again, strlen(again), text, 2);
    }
}

/* --- keys --- */

static void assert_key_refused(const char *kid, AuthAlgorithm algorithm, const char *material,
                               const char *said)
{
    g_autoptr(KeyRing) ring = key_ring_new();
    g_autoptr(GError) error = NULL;

    add(ring, "taken", AUTH_HS256, SECRET);
    g_assert_false(key_ring_add(ring, kid, algorithm, material, strlen(material), "a.pem", &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_KEY);
    g_assert_cmpstr(error->message, ==, said);
    g_assert_cmpuint(key_ring_size(ring), ==, 1);
    g_assert_cmpuint(ERR_peek_error(), ==, 0);
}

static void test_bad_keys(void)
{
    g_autofree char *small = public_pem(keys.small_rsa);
    g_autofree char *curve = public_pem(keys.other_curve);
    g_autofree char *private = private_pem(keys.rsa);
    g_autofree char *cut = g_strndup(keys.rsa_pem, 200);
    g_autofree char *long_kid = g_strnfill(129, 'k');
    const char *no_pem = "a.pem: must be a public key in PEM (-----BEGIN PUBLIC KEY-----)";

    assert_key_refused(NULL, AUTH_HS256, "0123456789abcdef0123456789abcde",
                       "a.pem: a secret for HS256 must have at least 32 bytes");
    assert_key_refused(NULL, AUTH_HS256, "",
                       "a.pem: a secret for HS256 must have at least 32 bytes");
    assert_key_refused(NULL, AUTH_HS256, keys.rsa_pem,
                       "a.pem: this is a PEM file, no secret for HS256");
    assert_key_refused(NULL, AUTH_RS256, small,
                       "a.pem: an RSA key must have at least 2048 bits, and this has 1024");
    assert_key_refused(NULL, AUTH_RS256, keys.ec_pem,
                       "a.pem: RS256 wants an RSA key, and this is another kind");
    assert_key_refused(NULL, AUTH_ES256, keys.rsa_pem,
                       "a.pem: ES256 wants a key on the curve P-256 (prime256v1)");
    assert_key_refused(NULL, AUTH_ES256, curve,
                       "a.pem: ES256 wants a key on the curve P-256 (prime256v1)");
    assert_key_refused(NULL, AUTH_RS256, private,
                       "a.pem: this is a private key, which only the maker of the tokens needs: "
                       "give the public one");
    assert_key_refused(NULL, AUTH_RS256, cut, no_pem);
    assert_key_refused(NULL, AUTH_RS256, "", no_pem);
    assert_key_refused(NULL, AUTH_RS256, SECRET, no_pem);
    assert_key_refused("taken", AUTH_RS256, keys.rsa_pem,
                       "a.pem: there is another key with this kid");
    assert_key_refused(long_kid, AUTH_RS256, keys.rsa_pem,
                       "a.pem: a kid must have at most 128 bytes");
}

static void test_keys_are_bounded(void)
{
    g_autoptr(KeyRing) ring = key_ring_new();
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < KEYS_MOST; i++)
        add(ring, NULL, AUTH_HS256, SECRET);
    g_assert_false(
        key_ring_add(ring, NULL, AUTH_HS256, SECRET, strlen(SECRET), "one.hs256", &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_KEY);
    g_assert_cmpstr(error->message, ==, "one.hs256: there are more than 16 keys");
}

/* --- an auth, with files --- */

typedef struct {
    char *folder;
    AuthSettings settings;
    GPtrArray *paths; /* strings that the settings borrow */
} Files;

static void set_up(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    files->folder = g_dir_make_tmp("test-auth-XXXXXX", NULL);
    files->paths = g_ptr_array_new_with_free_func(g_free);
    files->settings = (AuthSettings){
        .secret = "",
        .secret_file = "",
        .public_key = "",
        .kid = "",
        .keys_folder = "",
        .issuer = "",
        .audience = "",
    };
}

static void tear_down(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GDir) dir = g_dir_open(files->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(files->folder, name, NULL);

        g_remove(path);
    }
    g_rmdir(files->folder);
    g_free(files->folder);
    g_ptr_array_unref(files->paths);
}

static const char *path_of(Files *files, const char *name)
{
    char *path = g_build_filename(files->folder, name, NULL);

    g_ptr_array_add(files->paths, path);
    return path;
}

static const char *write_file(Files *files, const char *name, const char *text)
{
    const char *path = path_of(files, name);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void remove_file(Files *files, const char *name)
{
    g_assert_cmpint(g_remove(path_of(files, name)), ==, 0);
}

static Auth *start_auth(const Files *files)
{
    g_autoptr(GError) error = NULL;
    Auth *auth = jwt_auth_new(&files->settings, &error);

    g_assert_no_error(error);
    return auth;
}

/* `said` comes after the folder, if there is a folder in it. */
static void assert_not_started(const Files *files, const char *said)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *expected =
        *said == '/' ? g_strconcat(files->folder, said, NULL) : g_strdup(said);

    g_assert_null(jwt_auth_new(&files->settings, &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_KEY);
    g_assert_cmpstr(error->message, ==, expected);
}

static Refusal ask(Auth *auth, const Credentials *said, Identity *identity)
{
    g_autofree char *text = NULL;
    Refusal refusal = auth->ops->verify(auth, said, NOW_MS, identity, &text);

    g_assert_true((text == NULL) == (refusal == REFUSAL_NONE));
    return refusal;
}

static Refusal ask_with(Auth *auth, Signer signer, const char *header)
{
    g_autofree char *token = sign_text(signer, header, GOOD);
    Credentials said = {.token = token};
    Identity identity = {0};
    Refusal refusal = ask(auth, &said, &identity);

    identity_clear(&identity);
    return refusal;
}

#define assert_believed(auth, signer, header)                                                      \
    g_assert_cmpint(ask_with(auth, signer, header), ==, REFUSAL_NONE)
#define assert_not_believed(auth, signer, header)                                                  \
    g_assert_cmpint(ask_with(auth, signer, header), ==, REFUSAL_UNAUTHORIZED)

static void test_secret_in_the_settings(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    Auth *auth;

    files->settings.secret = SECRET;
    auth = start_auth(files);
    assert_believed(auth, BY_SECRET, HS);
    assert_not_believed(auth, BY_RSA, RS);
    auth_free(auth);
}

static void test_secret_in_a_file(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const texts[] = {SECRET, SECRET "\n", SECRET "\r\n"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        Auth *auth;

        files->settings.secret_file = write_file(files, "secret", texts[i]);
        auth = start_auth(files);
        assert_believed(auth, BY_SECRET, HS);
        auth_free(auth);
    }
}

static void test_public_key_with_a_kid(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    Auth *auth;

    files->settings.algorithm = AUTH_RS256;
    files->settings.public_key = write_file(files, "oauth-public.key", keys.rsa_pem);
    files->settings.kid = "r1";
    auth = start_auth(files);
    assert_believed(auth, BY_RSA, RS);
    assert_believed(auth, BY_RSA, "{\"alg\":\"RS256\",\"kid\":\"r1\"}");
    assert_not_believed(auth, BY_RSA, "{\"alg\":\"RS256\",\"kid\":\"r2\"}");
    assert_not_believed(auth, BY_RSA_PEM, HS);
    auth_free(auth);
}

static void test_folder_of_keys(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    Auth *auth;

    write_file(files, "old.hs256", OLD_SECRET "\n");
    write_file(files, "r1.rs256", keys.rsa_pem);
    write_file(files, "e1.es256", keys.ec_pem);
    write_file(files, ".e1.es256.swp", "an editor's");
    files->settings.keys_folder = files->folder;
    auth = start_auth(files);
    assert_believed(auth, BY_OLD_SECRET, "{\"alg\":\"HS256\",\"kid\":\"old\"}");
    assert_believed(auth, BY_OLD_SECRET, HS);
    assert_believed(auth, BY_RSA, "{\"alg\":\"RS256\",\"kid\":\"r1\"}");
    assert_believed(auth, BY_EC, "{\"alg\":\"ES256\",\"kid\":\"e1\"}");
    assert_not_believed(auth, BY_SECRET, HS);
    assert_not_believed(auth, BY_EC, "{\"alg\":\"ES256\",\"kid\":\"old\"}");
    auth_free(auth);
}

static void test_bad_settings(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    assert_not_started(files, "no key is set: auth.secret or auth.secret_file for HS256, "
                              "auth.public_key for RS256 and ES256, or auth.keys_folder");
    files->settings.secret = "too short";
    assert_not_started(files, "auth.secret: a secret for HS256 must have at least 32 bytes");
    files->settings.secret = SECRET;
    files->settings.secret_file = "/nowhere";
    assert_not_started(files, "auth.secret and auth.secret_file are both set: leave one out");
    files->settings.secret_file = "";
    files->settings.algorithm = AUTH_RS256;
    assert_not_started(files, "a secret is set in auth, but auth.algorithm is not \"HS256\"");
    files->settings.secret = "";
    files->settings.algorithm = AUTH_HS256;
    files->settings.public_key = write_file(files, "a.pem", keys.rsa_pem);
    assert_not_started(files, "auth.public_key is set, but auth.algorithm is \"HS256\", which has "
                              "a secret: set it to \"RS256\" or \"ES256\"");
    files->settings.algorithm = AUTH_ES256;
    assert_not_started(files, "/a.pem: ES256 wants a key on the curve P-256 (prime256v1)");
}

static void test_bad_files(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *large = g_strnfill(16 * 1024 + 1, 'x');

    files->settings.secret_file = path_of(files, "absent");
    g_assert_null(jwt_auth_new(&files->settings, &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_KEY);
    g_assert_nonnull(strstr(error->message, files->settings.secret_file));
    files->settings.secret_file = write_file(files, "short.hs256", "sesame\n");
    assert_not_started(files, "/short.hs256: a secret for HS256 must have at least 32 bytes");
    files->settings.secret_file = write_file(files, "large.hs256", large);
    assert_not_started(files, "/large.hs256: is too large for a key");
    files->settings.secret_file = "";
    files->settings.keys_folder = files->folder;
    assert_not_started(files, "/large.hs256: is too large for a key");
    remove_file(files, "large.hs256");
    remove_file(files, "short.hs256");
    write_file(files, "one.pem", keys.rsa_pem);
    assert_not_started(files,
                       "/one.pem: the name of a key's file must end in .hs256, .rs256 or .es256");
    remove_file(files, "one.pem");
    write_file(files, "one.HS256", SECRET);
    assert_not_started(files,
                       "/one.HS256: the name of a key's file must end in .hs256, .rs256 or .es256");
    remove_file(files, "one.HS256");
    write_file(files, "one.es256", keys.rsa_pem);
    assert_not_started(files, "/one.es256: ES256 wants a key on the curve P-256 (prime256v1)");
    remove_file(files, "one.es256");
    write_file(files, "one.hs256", SECRET);
    write_file(files, "one.rs256", keys.rsa_pem);
    assert_not_started(files, "/one.rs256: there is another key with this kid");
    g_clear_error(&error);
    files->settings.keys_folder = "/nowhere/at/all";
    g_assert_null(jwt_auth_new(&files->settings, &error));
    g_assert_nonnull(strstr(error->message, "/nowhere/at/all"));
}

static void assert_difference(Auth *auth, const Credentials *said, const char *expected)
{
    Identity identity = {0};
    g_autofree char *text = NULL;

    g_assert_cmpint(auth->ops->verify(auth, said, NOW_MS, &identity, &text), ==,
                    REFUSAL_UNAUTHORIZED);
    g_assert_cmpstr(text, ==, expected);
    g_assert_null(identity.user_id);
}

static void test_what_the_device_says_besides(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *plain = sign_text(BY_SECRET, HS, GOOD);
    g_autofree char *bound = sign_text(BY_SECRET, HS, WITH("\"device\":\"phone\""));
    Credentials none = {.user_id = "alice"};
    Credentials same = {plain, "alice", "tablet"};
    Credentials other_user = {plain, "bob", NULL};
    Credentials same_device = {bound, NULL, "phone"};
    Credentials other_device = {bound, "alice", "tablet"};
    Identity identity = {0};
    Auth *auth;

    files->settings.secret = SECRET;
    auth = start_auth(files);
    assert_difference(auth, &none, "token: is required");
    assert_difference(auth, &other_user, "userId: is not the user of the token");
    assert_difference(auth, &other_device, "deviceId: is not the device of the token");
    g_assert_cmpint(ask(auth, &same, &identity), ==, REFUSAL_NONE);
    g_assert_null(identity.device_id);
    identity_clear(&identity);
    g_assert_cmpint(ask(auth, &same_device, &identity), ==, REFUSAL_NONE);
    g_assert_cmpstr(identity.device_id, ==, "phone");
    identity_clear(&identity);
    auth_free(auth);
}

/* --- reload --- */

static void reload(Auth *auth, const Files *files)
{
    g_autoptr(GError) error = NULL;

    auth->ops->reload(auth, &files->settings, &error);
    g_assert_no_error(error);
}

/* Both keys for a while, then the new one alone. */
static void test_rotation(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    Auth *auth;

    write_file(files, "old.hs256", OLD_SECRET);
    files->settings.keys_folder = files->folder;
    auth = start_auth(files);
    write_file(files, "new.hs256", SECRET);
    assert_not_believed(auth, BY_SECRET, HS);
    reload(auth, files);
    assert_believed(auth, BY_SECRET, HS);
    assert_believed(auth, BY_OLD_SECRET, HS);
    remove_file(files, "old.hs256");
    assert_believed(auth, BY_OLD_SECRET, HS);
    reload(auth, files);
    assert_believed(auth, BY_SECRET, HS);
    assert_not_believed(auth, BY_OLD_SECRET, HS);
    auth_free(auth);
}

static void test_failed_reload_keeps_the_keys(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    Auth *auth;

    write_file(files, "old.hs256", OLD_SECRET);
    files->settings.keys_folder = files->folder;
    auth = start_auth(files);
    write_file(files, "new.hs256", "too short");
    g_assert_false(auth->ops->reload(auth, &files->settings, &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_KEY);
    g_assert_nonnull(strstr(error->message, "new.hs256"));
    g_assert_null(strstr(error->message, "too short"));
    assert_believed(auth, BY_OLD_SECRET, HS);
    g_clear_error(&error);
    files->settings.is_open = TRUE;
    g_assert_false(auth->ops->reload(auth, &files->settings, &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_RESTART);
    assert_believed(auth, BY_OLD_SECRET, HS);
    auth_free(auth);
}

#define ASKERS 4
#define RELOADS 100

typedef struct {
    Auth *auth;
    const char *token;
    gint is_over;
} Crowd;

static gpointer keep_asking(gpointer data)
{
    Crowd *crowd = data;
    Credentials said = {.token = crowd->token};

    while (!g_atomic_int_get(&crowd->is_over)) {
        Identity identity = {0};

        g_assert_cmpint(ask(crowd->auth, &said, &identity), ==, REFUSAL_NONE);
        identity_clear(&identity);
    }
    return NULL;
}

static void test_reload_while_many_ask(Files *files, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *token = sign_text(BY_SECRET, HS, GOOD);
    Crowd crowd = {.token = token};
    GThread *threads[ASKERS];

    files->settings.secret = SECRET;
    crowd.auth = start_auth(files);
    for (guint i = 0; i < ASKERS; i++)
        threads[i] = g_thread_new("asker", keep_asking, &crowd);
    for (guint i = 0; i < RELOADS; i++)
        reload(crowd.auth, files);
    g_atomic_int_set(&crowd.is_over, TRUE);
    for (guint i = 0; i < ASKERS; i++)
        g_thread_join(threads[i]);
    auth_free(crowd.auth);
}

/* --- open --- */

static void test_open(void)
{
    Auth *auth = open_auth_new();
    Credentials nobody = {.token = "whatever"};
    Credentials alice = {"whatever", "alice", "phone"};
    AuthSettings jwt = {.is_open = FALSE};
    AuthSettings same = {.is_open = TRUE};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    Identity identity = {0};

    g_assert_cmpint(auth->ops->verify(auth, &nobody, NOW_MS, &identity, &text), ==,
                    REFUSAL_INVALID_REQUEST);
    g_assert_cmpstr(text, ==, "userId: is required");
    g_assert_cmpint(ask(auth, &alice, &identity), ==, REFUSAL_NONE);
    g_assert_cmpstr(identity.user_id, ==, "alice");
    g_assert_null(identity.device_id);
    g_assert_cmpint(identity.expires_ms, ==, G_MAXINT64);
    identity_clear(&identity);
    g_assert_true(auth->ops->reload(auth, &same, NULL));
    g_assert_false(auth->ops->reload(auth, &jwt, &error));
    g_assert_error(error, AUTH_ERROR, AUTH_ERROR_RESTART);
    auth_free(auth);
}

/* --- */

static void add_with_files(const char *path, void (*test)(Files *, gconstpointer))
{
    g_test_add(path, Files, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    make_keys();
    for (guint i = 0; i < G_N_ELEMENTS(bad_tokens); i++) {
        g_autofree char *path = g_strconcat("/auth/bad/", bad_tokens[i].path, NULL);

        g_test_add_data_func(path, &bad_tokens[i], test_bad_token);
    }
    for (guint i = 0; i < G_N_ELEMENTS(spoilt_tokens); i++) {
        g_autofree char *path = g_strconcat("/auth/spoilt/", spoilt_tokens[i].path, NULL);

        g_test_add_data_func(path, &spoilt_tokens[i], test_spoilt_token);
    }
    for (guint i = 0; i < G_N_ELEMENTS(good_tokens); i++) {
        g_autofree char *path = g_strconcat("/auth/good/", good_tokens[i].path, NULL);

        g_test_add_data_func(path, &good_tokens[i], test_good_token);
    }
    g_test_add_func("/auth/spoilt/every-truncation", test_every_truncation);
    g_test_add_func("/auth/spoilt/every-flipped-bit", test_every_flipped_bit);
    g_test_add_func("/auth/spoilt/es256-signature-has-64-bytes", test_es256_signature_has_64_bytes);
    g_test_add_func("/auth/spoilt/es256-of-zeros", test_es256_of_zeros);
    g_test_add_func("/auth/sizes", test_sizes);
    g_test_add_func("/auth/deep-payload", test_deep_payload);
    g_test_add_func("/auth/nothing-is-configured", test_nothing_is_configured);
    g_test_add_func("/auth/leeway", test_leeway);
    g_test_add_func("/auth/algorithm-without-a-key", test_algorithm_without_a_key);
    g_test_add_func("/auth/rfc-examples", test_rfc_examples);
    g_test_add_func("/auth/base64url/known-answers", test_base64url_known_answers);
    g_test_add_func("/auth/base64url/is-one-to-one", test_base64url_is_one_to_one);
    g_test_add_func("/auth/keys/bad", test_bad_keys);
    g_test_add_func("/auth/keys/are-bounded", test_keys_are_bounded);
    add_with_files("/auth/jwt/secret-in-the-settings", test_secret_in_the_settings);
    add_with_files("/auth/jwt/secret-in-a-file", test_secret_in_a_file);
    add_with_files("/auth/jwt/public-key-with-a-kid", test_public_key_with_a_kid);
    add_with_files("/auth/jwt/folder-of-keys", test_folder_of_keys);
    add_with_files("/auth/jwt/bad-settings", test_bad_settings);
    add_with_files("/auth/jwt/bad-files", test_bad_files);
    add_with_files("/auth/jwt/what-the-device-says-besides", test_what_the_device_says_besides);
    add_with_files("/auth/reload/rotation", test_rotation);
    add_with_files("/auth/reload/failed-keeps-the-keys", test_failed_reload_keeps_the_keys);
    add_with_files("/auth/reload/while-many-ask", test_reload_while_many_ask);
    g_test_add_func("/auth/open", test_open);
    status = g_test_run();
    free_keys();
    return status;
}
