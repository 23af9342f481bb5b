<?php
// SPDX-License-Identifier: MIT

namespace Tests;

use App\Jobs\StopPhone;
use App\Jobs\WakePhone;
use App\Models\Call;
use App\Models\PushToken;
use App\Push\FcmClient;

class PushTest extends TestCase
{
    private FakeFcmClient $fcm;

    private PushToken $phone;

    private array $record;

    protected function setUp(): void
    {
        parent::setUp();
        $this->travelTo(now()->startOfSecond());
        $this->fcm = new FakeFcmClient;
        $this->app->instance(FcmClient::class, $this->fcm);
        $this->phone = PushToken::create(['user_id' => 'bob', 'device_id' => 'phone', 'token' => 'fcm-bob']);
        $this->record = $this->record(['userId' => 'bob', 'expiresAt' => $this->nowMs() + 45_000, 'callerName' => 'Alice']);
        Call::keep($this->record);
    }

    private function wake(): void
    {
        WakePhone::dispatchSync($this->phone, $this->record, $this->record['expiresAt']);
    }

    private function stop(): void
    {
        StopPhone::dispatchSync($this->phone, ['stop' => true] + $this->record, $this->record['expiresAt']);
    }

    private function close(string $status = 'cancelled'): void
    {
        Call::keep(['status' => $status, 'rev' => 2] + $this->record);
    }

    private function types(): array
    {
        return array_map(fn ($message) => $message['data']['type'], $this->fcm->sent);
    }

    public function test_the_message_is_data_alone_urgent_and_lives_as_long_as_the_ring(): void
    {
        $this->travel(500)->milliseconds();
        $this->wake();
        $this->assertSame([[
            'token' => 'fcm-bob',
            'data' => ['type' => 'call_incoming', 'callId' => 'CALL_1', 'callerId' => 'alice', 'calleeId' => 'bob',
                'media' => 'video', 'expiresAt' => (string) $this->record['expiresAt'], 'callerName' => 'Alice'],
            'android' => ['priority' => 'HIGH', 'ttl' => '44.500s', 'collapse_key' => 'CALL_1'],
        ]], $this->fcm->sent);
    }

    public function test_a_phone_is_woken_once_a_call(): void
    {
        $this->wake();
        $this->wake();
        $this->assertCount(1, $this->fcm->sent);
        $this->record['createdAt']++;
        $this->wake();
        $this->assertCount(2, $this->fcm->sent, 'a later call with the same id');
    }

    public function test_a_call_that_is_over_answered_or_out_of_time_wakes_nobody(): void
    {
        $this->close('accepted');
        $this->wake();
        $this->close();
        $this->wake();
        $this->assertSame([], $this->fcm->sent);
        $this->record['callId'] = 'CALL_2';
        $this->travel(45)->seconds();
        $this->wake();
        $this->assertSame([], $this->fcm->sent);
    }

    public function test_a_call_whose_id_another_one_has_by_now_wakes_nobody(): void
    {
        Call::keep(['createdAt' => $this->record['createdAt'] + 1] + $this->record);
        $this->wake();
        $this->assertSame([], $this->fcm->sent);
    }

    public function test_a_push_that_failed_is_sent_when_the_job_comes_again(): void
    {
        $this->fcm->failures = 1;
        try {
            $this->wake();
            $this->fail('the queue must see it');
        } catch (\RuntimeException $exception) {
            $this->assertSame('FCM: HTTP 503', $exception->getMessage());
        }
        $this->wake();
        $this->assertCount(1, $this->fcm->sent);
    }

    public function test_the_stop_goes_to_a_phone_that_was_pushed_once(): void
    {
        $this->stop();
        $this->assertSame([], $this->types(), 'one that sleeps is left asleep');
        $this->wake();
        $this->close();
        $this->stop();
        $this->stop();
        $this->assertSame(['call_incoming', 'call_stop'], $this->types());
        $this->assertSame('cancelled', $this->fcm->sent[1]['data']['status']);
        $this->assertArrayNotHasKey('expiresAt', $this->fcm->sent[1]['data']);
    }

    public function test_the_phone_that_answered_is_left_alone(): void
    {
        $this->wake();
        $tablet = PushToken::create(['user_id' => 'bob', 'device_id' => 'tablet', 'token' => 'fcm-tablet']);
        WakePhone::dispatchSync($tablet, $this->record, $this->record['expiresAt']);
        Call::keep(['status' => 'accepted', 'rev' => 2, 'answeredBy' => 'phone'] + $this->record);
        $this->stop();
        StopPhone::dispatchSync($tablet, $this->record, $this->record['expiresAt']);
        $this->assertSame([['fcm-bob', 'call_incoming'], ['fcm-tablet', 'call_incoming'], ['fcm-tablet', 'call_stop']],
            array_map(fn ($message) => [$message['token'], $message['data']['type']], $this->fcm->sent));
        $this->assertSame('accepted', $this->fcm->sent[2]['data']['status']);
    }

    public function test_a_stop_that_overtakes_the_push_wins(): void
    {
        $this->close();
        $this->stop();
        $this->wake();
        $this->assertSame([], $this->fcm->sent);
    }

    public function test_a_call_that_ends_while_the_push_is_under_way_is_stopped(): void
    {
        $this->fcm->meanwhile = function () {
            $this->fcm->meanwhile = null;
            $this->close('timeout');
            $this->stop();
        };
        $this->wake();
        $this->assertSame(['call_incoming', 'call_stop'], $this->types());
        $this->assertSame('timeout', $this->fcm->sent[1]['data']['status']);
    }

    public function test_a_token_that_fcm_does_not_know_is_forgotten(): void
    {
        $this->fcm->gone = ['fcm-bob'];
        $this->wake();
        $this->assertSame(0, PushToken::count());
    }

    public function test_but_not_one_that_the_phone_has_sent_meanwhile(): void
    {
        $this->fcm->gone = ['fcm-bob'];
        $this->fcm->meanwhile = fn () => PushToken::query()->update(['token' => 'fcm-new']);
        $this->wake();
        $this->assertSame(['fcm-new'], PushToken::pluck('token')->all());
    }
}
