<?php
// SPDX-License-Identifier: MIT

namespace App\Http\Controllers;

use App\Calls\CallRefused;
use App\Calls\CallServer;
use App\Models\Call;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Support\Arr;

class CallController
{
    public function __construct(private CallServer $server)
    {
    }

    /** The user's calls as our own database knows them. */
    public function index(Request $request): JsonResponse
    {
        return response()->json(Call::of($this->user($request))->latest('created_at')->limit(50)->get());
    }

    /** Starts a call for one of the user's registered devices, which is told with `call:outgoing`. */
    public function store(Request $request): JsonResponse
    {
        $asked = $request->validate([
            'deviceId' => 'required|string|max:128',
            'calleeId' => 'required|string|max:128',
            'callId' => ['nullable', 'string', 'regex:/^[A-Za-z0-9_.:-]{1,64}$/'],
            'media' => 'nullable|array:audio,video',
            'timeoutMs' => 'nullable|integer',
        ]);
        $reply = $this->server->asUser($this->user($request), 'call:initiate', $asked);
        $this->keep($this->user($request), $reply['callId']);

        return $this->answer($reply, 201);
    }

    /** The button "decline" of a notification. */
    public function reject(Request $request, string $id): JsonResponse
    {
        $asked = $request->validate(['reason' => 'nullable|string|max:256', 'cause' => 'nullable|in:declined,busy']);

        return $this->close($request, 'call:reject', $id, $asked);
    }

    /** The button "hang up". */
    public function end(Request $request, string $id): JsonResponse
    {
        return $this->close($request, 'call:end', $id, $request->validate(['reason' => 'nullable|string|max:256']));
    }

    /**
     * The plugin decides, and tells the other devices before it answers us. Then our database follows. When the app
     * has sent the same over its own connection, the plugin says yes again.
     */
    private function close(Request $request, string $what, string $callId, array $asked): JsonResponse
    {
        $user = $this->user($request);
        try {
            $reply = $this->server->asUser($user, $what, ['callId' => $callId] + $asked);
        } catch (CallRefused $refusal) {
            if ($refusal->knowsTheCall()) {
                $this->keep($user, $callId);
            }
            throw $refusal;
        }
        $this->keep($user, $callId);

        return $this->answer($reply);
    }

    /** What is done is done: if this fails, the webhook brings the same. */
    private function keep(string $user, string $callId): void
    {
        rescue(fn () => Call::keep($this->server->record($user, $callId)));
    }

    private function user(Request $request): string
    {
        return (string) $request->user()->getAuthIdentifier();
    }

    private function answer(array $reply, int $status = 200): JsonResponse
    {
        return response()->json(Arr::except($reply, ['call', 'request']), $status);
    }
}
