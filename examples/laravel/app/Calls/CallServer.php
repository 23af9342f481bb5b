<?php
// SPDX-License-Identifier: MIT

namespace App\Calls;

use Illuminate\Http\Client\ConnectionException;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Str;

/** The plugin, through Janus's Admin API. */
class CallServer
{
    public function __construct(
        private string $url,
        #[\SensitiveParameter] private ?string $secret,
        private int $timeout = 3,
    ) {
    }

    /**
     * A request of the protocol on behalf of a user, with that user's rights.
     *
     * @throws CallRefused the plugin says no, and why
     * @throws CallServerDown nobody knows whether it was done; it may be asked again
     */
    public function asUser(string $userId, string $request, array $fields = []): array
    {
        return $this->request(['request' => $request, 'userId' => $userId] + $fields);
    }

    /** The same as operator: the backend itself ends a call, lists them, disconnects a user. */
    public function request(array $request): array
    {
        $reply = $this->send($request);
        if ($reply['call'] === 'error') {
            throw new CallRefused($reply);
        }

        return $reply;
    }

    /** All that is known of a call of this user. */
    public function record(string $userId, string $callId): array
    {
        return $this->asUser($userId, 'call:get', ['callId' => $callId])['record'];
    }

    private function send(array $request): array
    {
        try {
            $answer = Http::withOptions(['connect_timeout' => 1, 'allow_redirects' => false])
                ->timeout($this->timeout)
                ->post($this->url, [
                    'janus' => 'message_plugin',
                    'plugin' => 'janus.plugin.call',
                    'transaction' => Str::random(12),
                    'admin_secret' => $this->secret,
                    'request' => array_filter($request, fn ($value) => $value !== null),
                ]);
        } catch (ConnectionException $exception) {
            throw new CallServerDown('Janus does not answer', 0, $exception);
        }
        // Janus says its own refusals, such as a wrong secret, with HTTP's 200.
        $reply = $answer->json('response');
        if (! is_array($reply) || ! isset($reply['call'])) {
            throw new CallServerDown('Janus says: '.($answer->json('error.reason') ?? "HTTP {$answer->status()}"));
        }

        return $reply;
    }
}
