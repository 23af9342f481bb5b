<?php
// SPDX-License-Identifier: MIT

namespace App\Calls;

use RuntimeException;

/** What the Standard Webhooks specification says of signatures. */
class WebhookSignature
{
    /** @var string[] */
    private array $keys;

    /** @param string[] $secrets each `whsec_` and base64; two of them while one replaces the other */
    public function __construct(#[\SensitiveParameter] array $secrets, private int $tolerance)
    {
        $this->keys = array_map([$this, 'keyOf'], array_values($secrets));
        if ($this->keys === []) {
            throw new RuntimeException('CALL_WEBHOOK_SECRETS is empty');
        }
    }

    /** Whether one of our secrets signed this, a short while ago. `$body` is what came, byte by byte. */
    public function isGood(?string $id, ?string $timestamp, ?string $signatures, string $body): bool
    {
        if ($id === null || $id === '' || ! ctype_digit((string) $timestamp) || ! $this->isRecent((int) $timestamp)) {
            return false;
        }
        foreach ($this->keys as $key) {
            $expected = 'v1,'.base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
            foreach (explode(' ', (string) $signatures) as $signature) {
                if (hash_equals($expected, $signature)) {
                    return true;
                }
            }
        }

        return false;
    }

    private function isRecent(int $timestamp): bool
    {
        return abs(now()->getTimestamp() - $timestamp) <= $this->tolerance;
    }

    private function keyOf(string $secret): string
    {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        if ($key === false || $key === '') {
            throw new RuntimeException('CALL_WEBHOOK_SECRETS: each is whsec_ and base64');
        }

        return $key;
    }
}
