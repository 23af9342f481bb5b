<?php
// SPDX-License-Identifier: MIT

namespace App\Push;

use Illuminate\Support\Facades\Http;
use RuntimeException;

class HttpFcmClient implements FcmClient
{
    public function __construct(private ServiceAccount $account)
    {
    }

    public function send(array $message): bool
    {
        $answer = Http::withToken($this->account->accessToken())
            ->withOptions(['connect_timeout' => 2])
            ->timeout(3)
            ->post("https://fcm.googleapis.com/v1/projects/{$this->account->project}/messages:send", ['message' => $message]);
        if ($answer->successful()) {
            return true;
        }
        if ($answer->status() === 404) {
            return false;
        }
        if ($answer->status() === 401) {
            $this->account->forgetAccessToken();
        }
        throw new RuntimeException("FCM: HTTP {$answer->status()} {$answer->json('error.status')}");
    }
}
