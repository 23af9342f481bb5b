<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Jobs\StopPhone;
use App\Jobs\WakePhone;
use App\Models\Call;
use App\Models\PushToken;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Queue;
use Illuminate\Testing\TestResponse;

class WebhookTest extends TestCase
{
    private int $sent = 0;

    /** Posts what the plugin would. `$headers` replace the right ones. */
    private function told(string $type, array $data, array $headers = [], string $secret = self::SECRET, ?int $at = null): TestResponse
    {
        $id = $headers['webhook-id'] ?? 'msg_'.++$this->sent;
        $time = (string) ($at ?? now()->getTimestamp());
        $body = json_encode(['type' => $type, 'timestamp' => now()->toIso8601ZuluString('millisecond'), 'data' => $data]);
        $signature = base64_encode(hash_hmac('sha256', "$id.$time.$body", base64_decode(substr($secret, 6)), true));
        $headers += ['webhook-id' => $id, 'webhook-timestamp' => $time, 'webhook-signature' => "v1,$signature"];

        return $this->call('POST', '/api/webhooks/calls', [], [], [],
            $this->transformHeadersToServerVars($headers + ['content-type' => 'application/json']),
            $body);
    }

    private function push(array $fields = []): array
    {
        return $this->record($fields + ['userId' => 'bob', 'expiresAt' => $this->nowMs() + 45_000, 'expiresInMs' => 45_000]);
    }

    private function statusAndRev(): array
    {
        return Call::query()->orderBy('id')->get(['status', 'rev'])->map(fn ($call) => [$call->status, $call->rev])->all();
    }

    public function test_a_record_is_kept_with_all_its_fields(): void
    {
        $record = $this->record([
            'status' => 'ended', 'cause' => 'hangup', 'reason' => 'Bye', 'data' => ['subject' => 'Lunch', 'n' => [1, 2.5]],
            'ringingAt' => 2, 'acceptedAt' => 3, 'endedAt' => 5, 'durationMs' => 2, 'answeredBy' => 'phone',
            'endedBy' => 'bob', 'rev' => 3, 'callerName' => 'of no column',
        ]);
        $this->told('call.ended', $record)->assertNoContent();
        $call = Call::sole();
        foreach (['call_id' => 'callId', 'caller_id' => 'callerId', 'callee_id' => 'calleeId', 'status' => 'status',
            'cause' => 'cause', 'reason' => 'reason', 'media' => 'media', 'mode' => 'mode', 'data' => 'data',
            'created_at' => 'createdAt', 'ringing_at' => 'ringingAt', 'accepted_at' => 'acceptedAt',
            'ended_at' => 'endedAt', 'duration_ms' => 'durationMs', 'answered_by' => 'answeredBy',
            'ended_by' => 'endedBy', 'rev' => 'rev'] as $column => $field) {
            $this->assertSame($record[$field], $call->$column, $column);
        }
    }

    public function test_texts_are_kept_as_they_came(): void
    {
        $this->told('call.rejected', $this->record(['reason' => '  two spaces ', 'callerId' => ' alice', 'status' => 'rejected']));
        $this->assertSame([' alice', '  two spaces '], [Call::sole()->caller_id, Call::sole()->reason]);
    }

    public function test_it_is_signed_by_either_secret_and_by_no_other(): void
    {
        $this->told('call.ringing', $this->record(), [], self::NEW_SECRET)->assertNoContent();
        $this->told('call.accepted', $this->record(['status' => 'accepted', 'rev' => 2]), [], self::SECRET)->assertNoContent();
        $this->told('call.ended', $this->record(['status' => 'ended', 'rev' => 3]), [], 'whsec_'.base64_encode('another secret'))
            ->assertUnauthorized();
        $this->assertSame([['accepted', 2]], $this->statusAndRev());
    }

    public function test_an_old_one_is_not_believed(): void
    {
        $this->told('call.ringing', $this->record(), ['webhook-timestamp' => (string) (time() - 301)])->assertUnauthorized();
        $this->assertSame(0, Call::count());
    }

    public function test_the_same_webhook_counts_once(): void
    {
        Queue::fake();
        PushToken::create(['user_id' => 'bob', 'device_id' => 'phone', 'token' => 'fcm-bob']);
        $push = $this->push();
        for ($n = 0; $n < 3; $n++) {
            $this->told('call.push', $push, ['webhook-id' => 'the-same'])->assertNoContent();
        }
        Queue::assertPushed(WakePhone::class, 1);
        $this->assertSame(1, DB::table('call_webhooks')->count());
    }

    public function test_one_that_failed_half_way_counts_when_it_comes_again(): void
    {
        PushToken::create(['user_id' => 'bob', 'device_id' => 'phone', 'token' => 'fcm-bob']);
        $push = $this->push();
        config(['queue.default' => 'down']);
        $this->told('call.push', $push, ['webhook-id' => 'the-same'])->assertStatus(500);
        $this->assertSame([0, 0], [Call::count(), DB::table('call_webhooks')->count()]);

        Queue::fake();
        $this->told('call.push', $push, ['webhook-id' => 'the-same'])->assertNoContent();
        Queue::assertPushedOn('calls', WakePhone::class);
    }

    /** @dataProvider orders */
    public function test_what_is_older_changes_nothing(array $told, array $kept): void
    {
        foreach ($told as [$status, $rev]) {
            $this->told("call.$status", $this->record(['status' => $status, 'rev' => $rev, 'createdAt' => 1000]))->assertNoContent();
        }
        $this->assertSame([$kept], $this->statusAndRev());
    }

    public static function orders(): array
    {
        return [
            'in order' => [[['ringing', 1], ['accepted', 2], ['ended', 3]], ['ended', 3]],
            'backwards' => [[['ended', 3], ['accepted', 2], ['ringing', 1]], ['ended', 3]],
            'the same revision' => [[['ringing', 1], ['ringing', 1]], ['ringing', 1]],
            'a final status beats a higher live one' => [[['accepted', 7], ['ended', 3]], ['ended', 3]],
            'and is not beaten by it' => [[['ended', 3], ['accepted', 7]], ['ended', 3]],
            'a crash adds 1000' => [[['accepted', 2], ['failed', 1002]], ['failed', 1002]],
            'a final one after it' => [[['failed', 1002], ['ended', 3]], ['failed', 1002]],
        ];
    }

    public function test_an_id_may_be_of_another_caller_or_of_a_later_call(): void
    {
        $this->told('call.ended', $this->record(['status' => 'ended', 'rev' => 9, 'createdAt' => 1000]));
        $this->told('call.ringing', $this->record(['callerId' => 'carol', 'createdAt' => 1500]));
        $this->assertSame([['ended', 9], ['ringing', 1]], $this->statusAndRev());
        $this->told('call.ringing', $this->record(['createdAt' => 2000]));
        $this->told('call.ended', $this->record(['status' => 'ended', 'rev' => 10, 'createdAt' => 1000]));
        $this->assertSame([['ringing', 1], ['ringing', 1]], $this->statusAndRev());
    }

    public function test_names_are_told_apart_by_case(): void
    {
        foreach (['alice', 'Alice'] as $caller) {
            $this->told('call.ringing', $this->record(['callerId' => $caller, 'callId' => "of_$caller"]));
            $this->told('call.ringing', $this->record(['callerId' => $caller, 'callId' => "OF_$caller"]));
        }
        $this->assertSame(4, Call::count());
    }

    public function test_types_of_a_later_version_are_taken_and_left_alone(): void
    {
        $this->told('call.recorded', ['callId' => 'CALL_1'])->assertNoContent();
        $this->assertSame(0, Call::count());
    }

    public function test_one_without_its_fields_is_refused(): void
    {
        $this->told('call.ringing', ['callId' => 'CALL_1'])->assertStatus(422);
        $this->told('call.push', $this->record())->assertStatus(422);
        $this->assertSame(0, Call::count());
    }

    /** @dataProvider lefts */
    public function test_what_is_left_of_the_ring_is_counted_by_the_plugins_clock(int $ahead, int $underWay, int $leftMs): void
    {
        Queue::fake();
        $this->travelTo(now()->startOfSecond());
        PushToken::create(['user_id' => 'bob', 'device_id' => 'phone', 'token' => 'fcm-bob']);
        // The plugin's clock is ahead of ours, and the first attempts failed.
        $push = $this->push(['expiresAt' => $this->nowMs() + $ahead * 1000 + 45_000 - $underWay]);
        $time = now()->getTimestamp() + $ahead;
        $this->told('call.push', $push, [], self::SECRET, $time)->assertNoContent();
        Queue::assertPushed(WakePhone::class, fn ($job) => $job->ringsUntil === $this->nowMs() + $leftMs);
    }

    public static function lefts(): array
    {
        return [[0, 0, 45_000], [100, 0, 45_000], [-100, 0, 45_000], [100, 5000, 40_000]];
    }

    public function test_a_push_goes_to_each_phone_of_the_user_and_its_stop_too(): void
    {
        Queue::fake();
        foreach (['phone', 'tablet'] as $device) {
            PushToken::create(['user_id' => 'bob', 'device_id' => $device, 'token' => "fcm-$device"]);
        }
        PushToken::create(['user_id' => 'carol', 'device_id' => 'phone', 'token' => 'fcm-carol']);
        $push = $this->push();
        $this->told('call.push', $push);
        Queue::assertPushed(WakePhone::class, 2);
        Queue::assertPushed(WakePhone::class, fn ($job) => $job->phone->token === 'fcm-tablet' && $job->record === $push);
        $this->told('call.push', ['stop' => true, 'status' => 'cancelled', 'rev' => 2] + $push);
        Queue::assertPushed(StopPhone::class, 2);
        $this->assertSame([['cancelled', 2]], $this->statusAndRev());
    }
}
