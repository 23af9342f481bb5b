<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Models\Call;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\Request;
use Illuminate\Support\Facades\Http;
use Illuminate\Testing\TestResponse;

class CallControllerTest extends TestCase
{
    /** What the plugin was asked, without the wrapping. */
    private array $asked = [];

    /** Janus answers each request with what `$replies` has for it: an array, or an exception. */
    private function janus(array $replies): void
    {
        Http::fake(function (Request $request) use ($replies) {
            $inner = $request['request'];
            $this->asked[] = $inner;
            $this->assertSame('http://janus.test/admin', $request->url());
            $this->assertSame(['message_plugin', 'janus.plugin.call', 'admin-secret'],
                [$request['janus'], $request['plugin'], $request['admin_secret']]);
            $reply = $replies[$inner['request']];
            if ($reply instanceof \Throwable) {
                throw $reply;
            }

            return Http::response(['janus' => 'success', 'transaction' => $request['transaction'],
                'response' => $reply + ['call' => 'success', 'request' => $inner['request']]]);
        });
    }

    private function rejected(array $fields = []): array
    {
        return $fields + ['callId' => 'CALL_1', 'status' => 'rejected', 'cause' => 'declined', 'rev' => 2];
    }

    private function refusal(int $number, string $code, array $fields = []): array
    {
        return ['call' => 'error', 'error_code' => $number, 'code' => $code, 'error' => 'for people'] + $fields;
    }

    private function press(string $button, array $body = [], string $user = 'bob'): TestResponse
    {
        return $this->as($user)->postJson("/api/calls/CALL_1/$button", $body);
    }

    public function test_reject_asks_the_plugin_as_the_user_and_then_writes_what_became_of_it(): void
    {
        $this->janus([
            'call:reject' => $this->rejected(),
            'call:get' => ['record' => $this->record(['status' => 'rejected', 'cause' => 'declined', 'reason' => 'Later', 'rev' => 2])],
        ]);
        $this->press('reject', ['reason' => 'Later'])->assertOk()
            ->assertExactJson(['callId' => 'CALL_1', 'status' => 'rejected', 'cause' => 'declined', 'rev' => 2]);
        $this->assertSame([
            ['request' => 'call:reject', 'userId' => 'bob', 'callId' => 'CALL_1', 'reason' => 'Later'],
            ['request' => 'call:get', 'userId' => 'bob', 'callId' => 'CALL_1'],
        ], $this->asked);
        $this->assertSame(['alice', 'rejected', 'Later', 2],
            [Call::sole()->caller_id, Call::sole()->status, Call::sole()->reason, Call::sole()->rev]);
    }

    public function test_reject_twice_or_after_the_app_is_the_same(): void
    {
        $this->janus(['call:reject' => $this->rejected(), 'call:get' => ['record' => $this->record(['status' => 'rejected', 'rev' => 2])]]);
        $first = $this->press('reject')->assertOk()->json();
        $this->assertSame($first, $this->press('reject')->assertOk()->json());
        $this->assertSame(1, Call::count());
    }

    public function test_a_refusal_reaches_the_app_in_the_plugins_words_and_the_table_learns_why(): void
    {
        $this->janus([
            'call:reject' => $this->refusal(410, 'call_over', ['callId' => 'CALL_1', 'status' => 'cancelled', 'cause' => 'cancelled', 'rev' => 2]),
            'call:get' => ['record' => $this->record(['status' => 'cancelled', 'cause' => 'cancelled', 'rev' => 2])],
        ]);
        $this->press('reject')->assertStatus(410)->assertExactJson(['code' => 'call_over', 'error' => 'for people',
            'callId' => 'CALL_1', 'status' => 'cancelled', 'cause' => 'cancelled', 'rev' => 2]);
        $this->assertSame('cancelled', Call::sole()->status);
    }

    public function test_a_call_of_others_is_not_found_and_nothing_is_written(): void
    {
        $this->janus(['call:end' => $this->refusal(404, 'call_not_found')]);
        $this->press('end')->assertNotFound()->assertJson(['code' => 'call_not_found']);
        $this->assertCount(1, $this->asked);
        $this->assertSame(0, Call::count());
    }

    public function test_a_user_who_calls_too_often_is_told_for_how_long_to_wait(): void
    {
        $this->janus(['call:initiate' => $this->refusal(429, 'rate_limited', ['retryAfterMs' => 59_990])]);
        $this->as('alice')->postJson('/api/calls', ['deviceId' => 'laptop', 'calleeId' => 'bob'])
            ->assertStatus(429)->assertHeader('Retry-After', '60')->assertJson(['code' => 'rate_limited']);
    }

    public function test_rejected_stays_rejected_when_the_record_cannot_be_read(): void
    {
        $this->janus(['call:reject' => $this->rejected(), 'call:get' => new ConnectionException('gone')]);
        $this->press('reject')->assertOk()->assertJson(['status' => 'rejected']);
        $this->assertSame(0, Call::count());
    }

    public function test_a_webhook_that_was_faster_is_not_undone(): void
    {
        $this->janus(['call:reject' => $this->rejected(), 'call:get' => ['record' => $this->record(['rev' => 1, 'createdAt' => 5])]]);
        Call::keep($this->record(['status' => 'rejected', 'rev' => 2, 'createdAt' => 5]));
        $this->press('reject')->assertOk();
        $this->assertSame(['rejected', 2], [Call::sole()->status, Call::sole()->rev]);
    }

    public function test_without_janus_the_app_is_told_to_try_again(): void
    {
        $this->janus(['call:reject' => new ConnectionException('refused: http://janus.test/admin')]);
        $this->press('reject')->assertStatus(503)->assertExactJson(['code' => 'call_server_down', 'error' => 'try again']);
    }

    public function test_a_wrong_secret_is_our_trouble_and_not_the_apps(): void
    {
        Http::fake(['*' => Http::response(['janus' => 'error', 'error' => ['code' => 403, 'reason' => 'Unauthorized request']])]);
        $this->press('reject')->assertStatus(503);
    }

    public function test_end_sends_the_reason(): void
    {
        $this->janus(['call:end' => ['callId' => 'CALL_1', 'status' => 'ended', 'cause' => 'hangup', 'rev' => 3],
            'call:get' => ['record' => $this->record(['status' => 'ended', 'rev' => 3])]]);
        $this->press('end', ['reason' => 'Bye'])->assertOk()->assertJson(['status' => 'ended']);
        $this->assertSame(['request' => 'call:end', 'userId' => 'bob', 'callId' => 'CALL_1', 'reason' => 'Bye'], $this->asked[0]);
    }

    public function test_a_call_is_started_for_a_device_of_the_user(): void
    {
        $started = ['callId' => 'CALL_1', 'status' => 'ringing', 'rev' => 1, 'reachable' => true, 'devices' => 2];
        $this->janus(['call:initiate' => $started, 'call:get' => ['record' => $this->record()]]);
        $this->as('alice')->postJson('/api/calls', ['deviceId' => 'laptop', 'calleeId' => 'bob', 'media' => ['audio' => true, 'video' => false],
            'userId' => 'mallory'])->assertCreated()->assertExactJson($started);
        $this->assertSame(['request' => 'call:initiate', 'userId' => 'alice', 'deviceId' => 'laptop', 'calleeId' => 'bob',
            'media' => ['audio' => true, 'video' => false]], $this->asked[0]);
        $this->assertSame('ringing', Call::sole()->status);
    }

    public function test_bad_fields_are_refused_before_the_plugin_is_asked(): void
    {
        $this->janus([]);
        $this->as('alice')->postJson('/api/calls', ['calleeId' => 'bob', 'callId' => 'a b'])->assertStatus(422)
            ->assertJsonValidationErrors(['deviceId', 'callId']);
        $this->press('reject', ['cause' => 'bored'])->assertStatus(422);
        $this->assertSame([], $this->asked);
    }

    public function test_nobody_acts_without_a_login(): void
    {
        $this->janus([]);
        foreach (['/api/calls', '/api/calls/CALL_1/reject', '/api/calls/CALL_1/end', '/api/calls/token', '/api/push-tokens'] as $path) {
            $this->postJson($path, [])->assertUnauthorized();
        }
        $this->assertSame([], $this->asked);
    }

    public function test_a_user_sees_own_calls_only(): void
    {
        Call::keep($this->record(['callId' => 'one', 'createdAt' => 1]));
        Call::keep($this->record(['callId' => 'two', 'callerId' => 'bob', 'calleeId' => 'carol', 'createdAt' => 2]));
        Call::keep($this->record(['callId' => 'not his', 'callerId' => 'carol', 'calleeId' => 'dave', 'createdAt' => 3]));
        $this->assertSame(['two', 'one'], $this->as('bob')->getJson('/api/calls')->assertOk()->json('*.call_id'));
    }
}
