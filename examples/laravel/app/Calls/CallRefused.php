<?php
// SPDX-License-Identifier: MIT

namespace App\Calls;

use Illuminate\Http\JsonResponse;
use RuntimeException;

/** The plugin refused, and changed nothing. The app is told with the same words. */
class CallRefused extends RuntimeException
{
    public function __construct(private array $reply)
    {
        parent::__construct($reply['error'], $reply['error_code']);
    }

    /** The machine's word: call_over, forbidden ... */
    public function word(): string
    {
        return $this->reply['code'];
    }

    /** It was about a call of this user, and the reply says how that call stands. */
    public function knowsTheCall(): bool
    {
        return isset($this->reply['status']);
    }

    public function render(): JsonResponse
    {
        $told = array_intersect_key($this->reply, array_flip(
            ['code', 'error', 'callId', 'status', 'cause', 'rev', 'otherCallId', 'otherStatus', 'retryAfterMs']
        ));

        $headers = isset($told['retryAfterMs']) ? ['Retry-After' => (int) ceil($told['retryAfterMs'] / 1000)] : [];

        return response()->json($told, $this->getCode(), $headers);
    }

    /** A refusal is an answer, and nothing for the log. */
    public function report(): bool
    {
        return true;
    }
}
