<?php
// SPDX-License-Identifier: MIT

namespace App\Push;

/** The way to Firebase Cloud Messaging, so that tests need none. */
interface FcmClient
{
    /**
     * Sends one `message` of FCM's HTTP v1 API. Returns false when its token is not valid any more.
     *
     * @throws \RuntimeException it was not sent, and may be tried again
     */
    public function send(array $message): bool;
}
