<?php
// SPDX-License-Identifier: MIT

return [
    // Janus's Admin API, on the loopback address or behind a private network: who has its secret may do anything.
    'admin' => [
        'url' => env('JANUS_ADMIN_URL', 'http://127.0.0.1:7088/admin'),
        'secret' => env('JANUS_ADMIN_SECRET'),
        'timeout' => 3,
    ],

    // The tokens that the app registers with. The plugin's configuration has the same secret, issuer and audience.
    'token' => [
        'secret' => env('CALL_TOKEN_SECRET') ?: env('JWT_SECRET'),
        'seconds' => 3600,
        'issuer' => env('CALL_TOKEN_ISSUER') ?: null,
        'audience' => env('CALL_TOKEN_AUDIENCE') ?: null,
    ],

    // Two secrets while one replaces the other, with a space in between. The tolerance is in seconds.
    'webhook' => [
        'secrets' => array_filter(explode(' ', (string) env('CALL_WEBHOOK_SECRETS'))),
        'tolerance' => 300,
    ],

    // The plugin's own database, if this machine may read it.
    'records' => env('CALL_RECORDS_PATH'),

    // Firebase: the file of the service account's key.
    'fcm' => [
        'credentials' => env('FCM_CREDENTIALS'),
    ],

    // A queue of its own, with a worker that nothing else holds up: a phone that is woken late rings late.
    'queue' => env('CALL_QUEUE', 'calls'),
];
