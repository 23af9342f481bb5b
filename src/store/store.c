#include "ports/store.h"

G_DEFINE_QUARK(call-store-error-quark, store_error)

void outbox_row_free(OutboxRow *row)
{
    if (!row)
        return;
    g_free(row->message_id);
    g_free(row->body);
    g_free(row);
}
