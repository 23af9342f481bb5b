#include "core/text.h"

gboolean has_control_characters(const char *text)
{
    for (const char *c = text; *c; c = g_utf8_next_char(c)) {
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            return TRUE;
    }
    return FALSE;
}
