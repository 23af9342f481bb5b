<?php

namespace App\Http\Controllers;

use App\Jobs\StopPhone;
use App\Jobs\WakePhone;
use App\Models\Call;
use App\Models\PushToken;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Validator;

class CallWebhookController
{
    private const TYPES = [
        'call.ringing', 'call.accepted', 'call.rejected', 'call.cancelled', 'call.timeout', 'call.ended', 'call.failed',
        'call.push',
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
        Validator::validate($told, [
            'data' => 'required|array',
            'data.callId' => 'required|string',
            'data.callerId' => 'required|string',
            'data.calleeId' => 'required|string',
            'data.status' => 'required|string',
            'data.createdAt' => 'required|integer',
            'data.rev' => 'required|integer',
            'data.userId' => 'required_if:type,call.push|string',
            'data.expiresAt' => 'required_if:type,call.push|integer',
        ]);
        DB::transaction(function () use ($request, $told) {
            if ($this->isNew($request->header('webhook-id'))) {
                $this->handle($told['type'], $told['data']);
            }
        });

        return response()->noContent();
    }

    private function isNew(string $id): bool
    {
        return DB::table('call_webhooks')->insertOrIgnore(['id' => $id, 'received_at' => now()]) === 1;
    }

    private function handle(string $type, array $data): void
    {
        Call::keep($data);
        if ($type !== 'call.push') {
            return;
        }
        $job = ($data['stop'] ?? false) ? StopPhone::class : WakePhone::class;
        foreach (PushToken::where('user_id', $data['userId'])->get() as $phone) {
            $job::dispatch($phone, $data)->onQueue(config('call.queue'));
        }
    }
}
