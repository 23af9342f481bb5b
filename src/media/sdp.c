#include "media/sdp.h"

#include <stdlib.h>
#include <string.h>

/* A payload type of a line, in the order of preference. */
typedef struct {
    gint type;
    char codec[16];
    char *fmtp; /* owned */
} Format;

#define FORMATS 64

typedef struct {
    SdpFacts *facts;
    SdpLine *line; /* the one that is read; NULL before the first */
    Format formats[FORMATS];
    guint format_count;
    gboolean is_broken;
} Reader;

const char *line_kind_name(LineKind kind)
{
    switch (kind) {
    case LINE_AUDIO:
        return "audio";
    case LINE_VIDEO:
        return "video";
    case LINE_DATA:
        return "data";
    case LINE_OTHER:
        return "other";
    }
    g_assert_not_reached();
}

/* --- words --- */

/* The word at `*text`, which moves behind it and the spaces that follow; its length, 0 at the end.
 */
static gsize next_word(const char **text, const char **word)
{
    gsize length = strcspn(*text, " ");

    *word = *text;
    *text += length;
    *text += strspn(*text, " ");
    return length;
}

/* A payload type, 0 to 127, that ends where the word does; else -1. */
static gint read_type(const char *word, gsize length)
{
    gint type = 0;

    if (!length || length > 3)
        return -1;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(word[i]))
            return -1;
        type = type * 10 + (word[i] - '0');
    }
    return type <= 127 ? type : -1;
}

static gboolean is_word(const char *word, gsize length, const char *name)
{
    return strlen(name) == length && strncmp(word, name, length) == 0;
}

/* What the types that need no rtpmap mean. */
static const struct {
    gint type;
    const char *codec;
} fixed_types[] = {{0, "pcmu"}, {8, "pcma"}, {9, "g722"}};

static void add_format(Reader *reader, gint type)
{
    Format *format;

    if (reader->format_count == FORMATS)
        return;
    format = &reader->formats[reader->format_count++];
    *format = (Format){.type = type};
    for (guint i = 0; i < G_N_ELEMENTS(fixed_types); i++) {
        if (fixed_types[i].type == type)
            g_strlcpy(format->codec, fixed_types[i].codec, sizeof format->codec);
    }
}

static Format *find_format(Reader *reader, gint type)
{
    for (guint i = 0; i < reader->format_count; i++) {
        if (reader->formats[i].type == type)
            return &reader->formats[i];
    }
    return NULL;
}

/* --- a line ends --- */

/* These carry or mend what another codec made. */
static gboolean is_helper(const char *codec)
{
    static const char *const helpers[] = {"rtx",     "red", "ulpfec",         "flexfec-03",
                                          "flexfec", "cn",  "telephone-event"};

    for (guint i = 0; i < G_N_ELEMENTS(helpers); i++) {
        if (strcmp(codec, helpers[i]) == 0)
            return TRUE;
    }
    return FALSE;
}

static void choose_codec(Reader *reader)
{
    SdpLine *line = reader->line;

    for (guint i = 0; i < reader->format_count; i++) {
        Format *format = &reader->formats[i];

        if (!*format->codec || is_helper(format->codec))
            continue;
        line->payload_type = format->type;
        g_strlcpy(line->codec, format->codec, sizeof line->codec);
        line->fmtp = g_steal_pointer(&format->fmtp);
        return;
    }
}

static void end_line(Reader *reader)
{
    if (reader->line && reader->line->kind != LINE_DATA)
        choose_codec(reader);
    for (guint i = 0; i < reader->format_count; i++)
        g_free(reader->formats[i].fmtp);
    reader->format_count = 0;
    reader->line = NULL;
}

/* --- a line begins --- */

static LineKind read_kind(const char *word, gsize length, const char *formats)
{
    if (is_word(word, length, "audio"))
        return LINE_AUDIO;
    if (is_word(word, length, "video"))
        return LINE_VIDEO;
    if (is_word(word, length, "application") && g_str_has_prefix(formats, "webrtc-datachannel"))
        return LINE_DATA;
    return LINE_OTHER;
}

static gboolean is_port(const char *word, gsize length)
{
    gsize digits = strspn(word, "0123456789");

    return digits && digits <= length && digits <= 5 && (digits == length || word[digits] == '/');
}

static void read_formats(Reader *reader, const char *text)
{
    const char *word;
    gsize length;

    while ((length = next_word(&text, &word))) {
        gint type = read_type(word, length);

        if (type >= 0)
            add_format(reader, type);
    }
}

/* m=audio 9 UDP/TLS/RTP/SAVPF 111 63 */
static void read_media(Reader *reader, const char *text)
{
    const char *kind, *port, *protocol;
    gsize kind_length, port_length;
    SdpLine *line;

    end_line(reader);
    kind_length = next_word(&text, &kind);
    port_length = next_word(&text, &port);
    if (!kind_length || !is_port(port, port_length) || !next_word(&text, &protocol) || !*text) {
        reader->is_broken = TRUE;
        return;
    }
    if (reader->facts->count == SDP_LINES)
        return;
    line = reader->line = &reader->facts->lines[reader->facts->count++];
    line->kind = read_kind(kind, kind_length, text);
    line->is_on = atoi(port) != 0;
    line->is_sent = line->is_received = TRUE;
    line->payload_type = -1;
    if (line->kind == LINE_AUDIO || line->kind == LINE_VIDEO)
        read_formats(reader, text);
}

/* --- its attributes --- */

/* rtpmap:111 opus/48000/2 */
static void read_rtpmap(Reader *reader, const char *text)
{
    const char *word;
    gsize length = next_word(&text, &word);
    Format *format = find_format(reader, read_type(word, length));
    g_autofree char *codec = NULL;

    if (!format)
        return;
    length = strcspn(text, "/ ");
    if (!length || length >= sizeof format->codec)
        return;
    codec = g_ascii_strdown(text, (gssize)length);
    g_strlcpy(format->codec, codec, sizeof format->codec);
}

/* fmtp:96 profile-level-id=42e01f */
static void read_fmtp(Reader *reader, const char *text)
{
    const char *word;
    gsize length = next_word(&text, &word);
    Format *format = find_format(reader, read_type(word, length));

    if (!format || !*text)
        return;
    g_free(format->fmtp);
    format->fmtp = g_strdup(text);
}

static void read_mid(Reader *reader, const char *text)
{
    gsize length = strlen(text);

    if (length && length < sizeof reader->line->mid)
        g_strlcpy(reader->line->mid, text, sizeof reader->line->mid);
}

/* simulcast:send h;m;l, also as "simulcast:recv a send h;m;l" */
static void read_simulcast(Reader *reader, const char *text)
{
    const char *word;
    gsize length;

    while ((length = next_word(&text, &word))) {
        if (is_word(word, length, "send"))
            reader->line->is_simulcast = TRUE;
    }
}

/* ssrc-group:SIM 1 2 3, the older way */
static void read_ssrc_group(Reader *reader, const char *text)
{
    if (g_str_has_prefix(text, "SIM "))
        reader->line->is_simulcast = TRUE;
}

static void set_direction(Reader *reader, gboolean is_sent, gboolean is_received)
{
    reader->line->is_sent = is_sent;
    reader->line->is_received = is_received;
}

static void read_sendrecv(Reader *reader, const char *text G_GNUC_UNUSED)
{
    set_direction(reader, TRUE, TRUE);
}

static void read_sendonly(Reader *reader, const char *text G_GNUC_UNUSED)
{
    set_direction(reader, TRUE, FALSE);
}

static void read_recvonly(Reader *reader, const char *text G_GNUC_UNUSED)
{
    set_direction(reader, FALSE, TRUE);
}

static void read_inactive(Reader *reader, const char *text G_GNUC_UNUSED)
{
    set_direction(reader, FALSE, FALSE);
}

#define RID_URI "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define REPAIRED_RID_URI "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define EXTENSIONS_MOST 255

/* extmap:10 urn:..., also with a direction: extmap:10/sendonly urn:... */
static void read_extmap(Reader *reader, const char *text)
{
    guint64 id = g_ascii_strtoull(text, NULL, 10);
    const char *word;
    gsize length;

    next_word(&text, &word);
    length = next_word(&text, &word);
    if (!id || id > EXTENSIONS_MOST)
        return;
    if (is_word(word, length, RID_URI))
        reader->line->rid_id = (guint)id;
    else if (is_word(word, length, REPAIRED_RID_URI))
        reader->line->repaired_rid_id = (guint)id;
}

static const struct {
    const char *name;
    void (*read)(Reader *reader, const char *text);
} attributes[] = {
    {"extmap", read_extmap},       {"rtpmap", read_rtpmap},
    {"fmtp", read_fmtp},           {"mid", read_mid},
    {"simulcast", read_simulcast}, {"sendrecv", read_sendrecv},
    {"sendonly", read_sendonly},   {"recvonly", read_recvonly},
    {"inactive", read_inactive},   {"ssrc-group", read_ssrc_group},
};

static void read_attribute(Reader *reader, const char *text)
{
    gsize length = strcspn(text, ":");

    if (!reader->line)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(attributes); i++) {
        if (is_word(text, length, attributes[i].name))
            attributes[i].read(reader, text[length] ? text + length + 1 : text + length);
    }
}

/* --- the whole --- */

static void read_text(Reader *reader, const char *text)
{
    if (g_str_has_prefix(text, "m="))
        read_media(reader, text + 2);
    else if (g_str_has_prefix(text, "a="))
        read_attribute(reader, text + 2);
}

SdpFacts *sdp_facts_read(const char *sdp)
{
    Reader reader = {.facts = g_new0(SdpFacts, 1)};

    g_atomic_ref_count_init(&reader.facts->refs);
    while (*sdp && !reader.is_broken) {
        gsize length = strcspn(sdp, "\r\n");
        g_autofree char *text = g_strndup(sdp, length);

        read_text(&reader, text);
        sdp += length;
        sdp += strspn(sdp, "\r\n");
    }
    end_line(&reader);
    if (reader.is_broken || !reader.facts->count)
        g_clear_pointer(&reader.facts, sdp_facts_unref);
    return reader.facts;
}

SdpFacts *sdp_facts_ref(SdpFacts *facts)
{
    g_atomic_ref_count_inc(&facts->refs);
    return facts;
}

void sdp_facts_unref(SdpFacts *facts)
{
    if (!facts || !g_atomic_ref_count_dec(&facts->refs))
        return;
    for (guint i = 0; i < facts->count; i++)
        g_free(facts->lines[i].fmtp);
    g_free(facts);
}

const SdpLine *sdp_facts_line(const SdpFacts *facts, gint index)
{
    return facts && index >= 0 && (guint)index < facts->count ? &facts->lines[index] : NULL;
}

/* --- simulcast in an answer --- */

static void put_extension(GString *text, guint id, const char *uri)
{
    if (id)
        g_string_append_printf(text, "a=extmap:%u %s\r\n", id, uri);
}

static void accept_line(GString *text, const SdpLine *offered, const SdpLine *answered)
{
    if (!offered || !answered || !offered->is_simulcast || answered->rid_id || !answered->is_on ||
        !answered->is_received)
        return;
    put_extension(text, offered->rid_id, RID_URI);
    put_extension(text, offered->repaired_rid_id, REPAIRED_RID_URI);
}

char *sdp_accept_simulcast(const char *answer, const SdpFacts *offer)
{
    g_autoptr(SdpFacts) facts = sdp_facts_read(answer);
    GString *text = g_string_new(NULL);
    gint line = -1;

    while (*answer) {
        gsize length = strcspn(answer, "\r\n");

        if (g_str_has_prefix(answer, "m="))
            line++;
        g_string_append_len(text, answer, (gssize)length);
        g_string_append(text, "\r\n");
        if (g_str_has_prefix(answer, "m="))
            accept_line(text, sdp_facts_line(offer, line), sdp_facts_line(facts, line));
        answer += length;
        answer += strspn(answer, "\r\n");
    }
    return g_string_free(text, FALSE);
}
