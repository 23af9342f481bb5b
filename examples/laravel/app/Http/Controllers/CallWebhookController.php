<?php
// SPDX-License-Identifier: MIT

namespace App\Http\Controllers;

use App\Jobs\StopPhone;
use App\Jobs\WakePhone;
use App\Models\Call;
use App\Models\PushToken;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Validator;
use Symfony\Component\HttpFoundation\Response;

class CallWebhookController
{
    private const TYPES = [
        'call.ringing', 'call.accepted', 'call.rejected', 'call.cancelled', 'call.timeout', 'call.ended', 'call.failed',
        'call.push',
    ];

    private const RULES = [
        'data' => 'required|array',
        'data.callId' => 'required|string',
        'data.callerId' => 'required|string',
        'data.calleeId' => 'required|string',
        'data.status' => 'required|string',
        'data.createdAt' => 'required|integer',
        'data.rev' => 'required|integer',
        'data.userId' => 'required_if:type,call.push|string',
        'data.expiresAt' => 'required_if:type,call.push|integer',
        'data.expiresInMs' => 'required_if:type,call.push|integer',
    ];

    /**
     * A webhook may come twice, and an older one after a newer. Its id is written in the transaction of its effects: if
     * one of them fails the answer is 500, and the same webhook comes again.
     */
    public function __invoke(Request $request): Response
    {
        // From the body itself: Laravel trims what comes as input.
        $told = (array) json_decode($request->getContent(), true);
        if (! in_array($told['type'] ?? null, self::TYPES, true)) {
            return response()->noContent();
        }
        $faults = Validator::make($told, self::RULES)->errors();
        if ($faults->isNotEmpty()) {
            return response()->json(['errors' => $faults], 422);
        }
        DB::transaction(function () use ($request, $told) {
            if ($this->isNew($request->header('webhook-id'))) {
                $this->handle($told['type'], $told['data'], (int) $request->header('webhook-timestamp'));
            }
        });

        return response()->noContent();
    }

    private function isNew(string $id): bool
    {
        return DB::table('call_webhooks')->insertOrIgnore(['id' => $id, 'received_at' => now()]) === 1;
    }

    private function handle(string $type, array $data, int $sentAt): void
    {
        Call::keep($data);
        if ($type !== 'call.push') {
            return;
        }
        $job = ($data['stop'] ?? false) ? StopPhone::class : WakePhone::class;
        $ringsUntil = $this->nowMs() + $this->leftMs($data, $sentAt);
        foreach (PushToken::where('user_id', $data['userId'])->get() as $phone) {
            $job::dispatch($phone, $data, $ringsUntil)->onQueue(config('call.queue'));
        }
    }

    /** By the plugin's clock alone; when this is not the first attempt, some of it is gone. */
    private function leftMs(array $data, int $sentAt): int
    {
        return min($data['expiresInMs'], $data['expiresAt'] - $sentAt * 1000);
    }

    private function nowMs(): int
    {
        return (int) now()->getPreciseTimestamp(3);
    }
}
