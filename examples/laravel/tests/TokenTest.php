<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Calls\CallToken;
use App\Models\PushToken;
use RuntimeException;

class TokenTest extends TestCase
{
    private function decode(string $part): array
    {
        return json_decode(base64_decode(strtr($part, '-_', '+/'), true), true);
    }

    public function test_the_token_says_who_and_which_device_and_until_when(): void
    {
        config(['call.token' => ['secret' => str_repeat('s', 32), 'seconds' => 60, 'issuer' => 'https://app.test', 'audience' => 'calls']]);
        $this->freezeSecond();
        $reply = $this->as('alice')->postJson('/api/calls/token', ['deviceId' => 'laptop'])->assertOk();
        $this->assertSame(60_000, $reply->json('expiresInMs'));
        [$header, $claims, $signature] = explode('.', $reply->json('token'));
        $this->assertSame(['typ' => 'JWT', 'alg' => 'HS256'], $this->decode($header));
        $now = now()->getTimestamp();
        $claims = $this->decode($claims);
        $this->assertSame(16, strlen($claims['jti']));
        unset($claims['jti']);
        $this->assertSame(['iss' => 'https://app.test', 'aud' => 'calls', 'iat' => $now, 'nbf' => $now, 'exp' => $now + 60,
            'sub' => 'alice', 'device' => 'laptop', 'name' => 'Alice'], $claims);
    }

    private function freezeSecond(): void
    {
        $this->travelTo(now()->startOfSecond());
    }

    public function test_the_signature_is_that_of_the_rfc(): void
    {
        // RFC 7515, A.1, has another header; so this compares with PHP's own HMAC over what was signed.
        $token = (new CallToken(str_repeat('s', 32), 60))->mint('ünïcode', null, null);
        [$header, $claims, $signature] = explode('.', $token);
        $this->assertSame(hash_hmac('sha256', "$header.$claims", str_repeat('s', 32)), bin2hex(base64_decode(strtr($signature, '-_', '+/'))));
        $this->assertMatchesRegularExpression('/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/', $token);
        $this->assertArrayNotHasKey('device', $this->decode($claims));
    }

    public function test_a_short_secret_is_not_used(): void
    {
        $this->expectException(RuntimeException::class);
        new CallToken(str_repeat('s', 31), 60);
    }

    public function test_a_push_token_is_one_a_device_and_of_who_is_logged_in(): void
    {
        $this->as('alice')->postJson('/api/push-tokens', ['deviceId' => 'phone', 'token' => 'first'])->assertNoContent();
        $this->as('alice')->postJson('/api/push-tokens', ['deviceId' => 'phone', 'token' => 'second'])->assertNoContent();
        $this->app['auth']->forgetGuards();
        $this->as('bob')->postJson('/api/push-tokens', ['deviceId' => 'phone', 'token' => 'second'])->assertNoContent();
        $this->assertSame([['bob', 'second']], PushToken::all()->map(fn ($phone) => [$phone->user_id, $phone->token])->all());
    }
}
