#include "core/settings.h"

void hub_settings_init(HubSettings *settings)
{
    *settings = (HubSettings){
        .timers =
            {
                .ring_us = 45 * G_USEC_PER_SEC,
                .unreachable_us = 20 * G_USEC_PER_SEC,
                .caller_grace_us = 12 * G_USEC_PER_SEC,
                .in_call_grace_us = 30 * G_USEC_PER_SEC,
                .media_us = 20 * G_USEC_PER_SEC,
                .max_duration_us = 0,
            },
        .limits =
            {
                .max_devices = 10,
                .max_live_calls = 2,
                .max_ended_per_user = 100,
                .max_ended = 100000,
                .max_early_ends = 16,
                .max_users = 100000,
                .max_calls = 100000,
            },
        .reveal_presence = TRUE,
    };
}
