<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Push\FcmClient;
use RuntimeException;

/** Sends nothing: keeps what it was given, in memory and in a file if there is one. */
class FakeFcmClient implements FcmClient
{
    public array $sent = [];

    /** Tokens that FCM does not know any more. */
    public array $gone = [];

    /** How many times it fails before it works. */
    public int $failures = 0;

    /** Called while a message is under way. */
    public ?\Closure $meanwhile = null;

    public function __construct(private ?string $file = null)
    {
    }

    public function send(array $message): bool
    {
        if ($this->failures > 0) {
            $this->failures--;
            throw new RuntimeException('FCM: HTTP 503');
        }
        $this->meanwhile && ($this->meanwhile)();
        if (in_array($message['token'], $this->gone, true)) {
            return false;
        }
        $this->sent[] = $message;
        if ($this->file !== null) {
            file_put_contents($this->file, json_encode($message)."\n", FILE_APPEND | LOCK_EX);
        }

        return true;
    }
}
