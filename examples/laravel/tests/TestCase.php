<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use Illuminate\Contracts\Console\Kernel;
use Illuminate\Foundation\Testing\RefreshDatabase;
use Illuminate\Foundation\Testing\TestCase as LaravelTestCase;

abstract class TestCase extends LaravelTestCase
{
    use RefreshDatabase;

    /** Migrations run as they do without a test. */
    public $mockConsoleOutput = false;

    protected const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    protected const NEW_SECRET = 'whsec_bmV3IHNlY3JldCwgbmV3IHNlY3JldCwgbmV3IQ==';

    public function createApplication()
    {
        $app = require __DIR__.'/app.php';
        $app->make(Kernel::class)->bootstrap();
        config([
            'call.admin' => ['url' => 'http://janus.test/admin', 'secret' => 'admin-secret', 'timeout' => 3],
            'call.token.secret' => str_repeat('s', 32),
            'call.webhook.secrets' => [self::SECRET, self::NEW_SECRET],
        ]);

        return $app;
    }

    protected function as(string $user): static
    {
        return $this->withToken($user);
    }

    /** A record as the plugin gives it; times are now. */
    protected function record(array $fields = []): array
    {
        return $fields + [
            'callId' => 'CALL_1', 'callerId' => 'alice', 'calleeId' => 'bob', 'status' => 'ringing', 'cause' => null,
            'media' => ['audio' => true, 'video' => true], 'mode' => 'none', 'createdAt' => $this->nowMs(), 'rev' => 1,
        ];
    }

    protected function nowMs(): int
    {
        return (int) now()->getPreciseTimestamp(3);
    }
}
