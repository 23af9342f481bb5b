/* Port: those who are told what happens to calls: Janus's event handlers, webhooks, the log. */
#pragma once

#include "core/effect.h"

typedef struct {
    /* A call has a new record that others care about. Called in the order of the steps of one call,
     * no lock held. */
    void (*changed)(gpointer self, Change change, const Record *record);
    /* An event could not be handed over: its device is away. */
    void (*missed)(gpointer self, const Message *message);
} Notifier;
