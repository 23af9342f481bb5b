<?php
// SPDX-License-Identifier: MIT

namespace App\Push;

/**
 * What a phone is sent: data alone, so that the app itself wakes and decides what to show. All values are strings. An app
 * for them is in docs/android.md.
 */
class CallMessage
{
    /** Rings until the call's end; a phone that is reached later gets nothing. */
    public static function wake(string $token, array $record, int $leftMs): array
    {
        $data = self::facts('call_incoming', $record) + [
            'media' => ($record['media']['video'] ?? false) ? 'video' : 'audio',
            'expiresAt' => (string) $record['expiresAt'],
        ];
        if (isset($record['callerName'])) {
            $data['callerName'] = $record['callerName'];
        }

        return self::message($token, $record, $data, $leftMs);
    }

    /** The call is over, or was answered elsewhere. */
    public static function stop(string $token, array $record, int $leftMs): array
    {
        return self::message($token, $record, self::facts('call_stop', $record) + ['status' => $record['status']], $leftMs);
    }

    private static function facts(string $type, array $record): array
    {
        return ['type' => $type] + array_intersect_key($record, array_flip(['callId', 'callerId', 'calleeId']));
    }

    private static function message(string $token, array $record, array $data, int $leftMs): array
    {
        return [
            'token' => $token,
            'data' => $data,
            'android' => [
                'priority' => 'HIGH',
                'ttl' => sprintf('%.3Fs', max(0, $leftMs) / 1000),
                // One that waits for a phone without a network is replaced by the next of the same call.
                'collapse_key' => $record['callId'],
            ],
        ];
    }
}
