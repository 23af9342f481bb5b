#include "core/call.h"

#include <string.h>

#include "core/text.h"

guint call_key_hash(gconstpointer key)
{
    const CallKey *k = key;

    return text_hash(k->call_id) ^ g_direct_hash(k->user);
}

gboolean call_key_equal(gconstpointer a, gconstpointer b)
{
    const CallKey *x = a, *y = b;

    return x->user == y->user && strcmp(x->call_id, y->call_id) == 0;
}

Call *call_new(User *caller, User *callee, Device *calling, Record *record, gint64 now_us)
{
    Call *call = g_new(Call, 1);

    *call = (Call){.deadline.kind = DEADLINE_CALL,
                   .caller = caller,
                   .callee = callee,
                   .record = record,
                   .caller_key = {.user = caller, .call_id = record->facts->call_id},
                   .callee_key = {.user = callee, .call_id = record->facts->call_id},
                   .state = CALL_RINGING,
                   .created_us = now_us,
                   .ring_end_us = now_us + record->facts->ring_ms * 1000,
                   .legs = g_array_sized_new(FALSE, FALSE, sizeof(Leg), 2)};
    call_add_leg(call, calling, LEG_CALLING);
    return call;
}

void call_free(Call *call)
{
    if (!call)
        return;
    g_assert(!call->deadline.place);
    g_ptr_array_remove(call->caller->calls, call);
    if (call->is_veiled)
        call->callee->veiled_calls--;
    else
        g_ptr_array_remove(call->callee->calls, call);
    g_array_unref(call->legs);
    for (Side side = SIDE_CALLER; side < SIDES; side++)
        g_clear_pointer(&call->seats[side].token, g_ref_string_release);
    g_clear_pointer(&call->talk.offer, g_ref_string_release);
    g_clear_pointer(&call->room, g_ref_string_release);
    g_clear_pointer(&call->pin, g_ref_string_release);
    trace_unref(call->trace);
    record_unref(call->record);
    g_free(call);
}

Leg *call_leg(const Call *call, guint i)
{
    g_assert(i < call->legs->len);
    return &g_array_index(call->legs, Leg, i);
}

Leg *call_leg_of(const Call *call, const Device *device)
{
    for (guint i = 0; i < call->legs->len; i++) {
        if (call_leg(call, i)->device == device)
            return call_leg(call, i);
    }
    return NULL;
}

void call_add_leg(Call *call, Device *device, LegState state)
{
    Leg leg = {.device = device, .state = state};

    g_array_append_val(call->legs, leg);
}

void call_drop_leg(Call *call, const Device *device)
{
    for (guint i = 1; i < call->legs->len; i++) {
        if (call_leg(call, i)->device == device) {
            g_array_remove_index(call->legs, i);
            return;
        }
    }
}

Device *call_other_device(const Call *call, const Device *device)
{
    g_assert(call->state == CALL_ACCEPTED && call->legs->len == 2);
    return call_leg(call, call_leg(call, 0)->device == device ? 1 : 0)->device;
}
