<?php
// SPDX-License-Identifier: MIT

namespace App\Models;

use Illuminate\Database\Eloquent\Builder;
use Illuminate\Database\Eloquent\Model;

/**
 * A call in our own database, as the plugin last told it: by webhooks, and in the answers to our own requests. Nothing
 * else writes here. When devices reject or end by their own connection, this changes with the webhook.
 */
class Call extends Model
{
    private const LIVE = ['ringing', 'accepted'];

    private const COLUMNS = [
        'call_id' => 'callId', 'caller_id' => 'callerId', 'callee_id' => 'calleeId', 'status' => 'status',
        'cause' => 'cause', 'reason' => 'reason', 'media' => 'media', 'mode' => 'mode', 'data' => 'data',
        'created_at' => 'createdAt', 'ringing_at' => 'ringingAt', 'accepted_at' => 'acceptedAt',
        'ended_at' => 'endedAt', 'duration_ms' => 'durationMs', 'answered_by' => 'answeredBy',
        'ended_by' => 'endedBy', 'rev' => 'rev',
    ];

    public $timestamps = false;

    protected $guarded = [];

    protected $casts = ['media' => 'array', 'data' => 'array'];

    /** Takes a record over unless we know a newer one, in one statement: webhooks come side by side. */
    public static function keep(array $record): bool
    {
        $row = self::rowOf($record);
        if (self::query()->insertOrIgnore($row) === 1) {
            return true;
        }

        return self::query()->toBase()
            ->where('caller_id', $row['caller_id'])->where('call_id', $row['call_id'])
            ->where(fn ($known) => $known->where('created_at', '<', $row['created_at'])
                ->orWhere(fn ($same) => self::isOlder($same->where('created_at', $row['created_at']), $row)))
            ->update($row) > 0;
    }

    /** Somebody answered, or it is over, or another call has the id by now. */
    public static function ringsNoMore(array $record): bool
    {
        return self::query()->where('caller_id', $record['callerId'])->where('call_id', $record['callId'])
            ->where(fn ($known) => $known->where('status', '!=', 'ringing')->orWhere('created_at', '>', $record['createdAt']))
            ->exists();
    }

    /** What we know of it by now; null if nothing. */
    public static function known(array $record): ?self
    {
        return self::query()->where('caller_id', $record['callerId'])->where('call_id', $record['callId'])
            ->where('created_at', $record['createdAt'])->first();
    }

    public function scopeOf(Builder $calls, string $userId): void
    {
        $calls->where(fn ($either) => $either->where('caller_id', $userId)->orWhere('callee_id', $userId));
    }

    /** The higher revision is the newer, but what is final beats what is live. */
    private static function isOlder($known, array $row): void
    {
        if (in_array($row['status'], self::LIVE, true)) {
            $known->where('rev', '<', $row['rev'])->whereIn('status', self::LIVE);
        } else {
            $known->where(fn ($older) => $older->where('rev', '<', $row['rev'])->orWhereIn('status', self::LIVE));
        }
    }

    private static function rowOf(array $record): array
    {
        $row = array_map(fn ($field) => $record[$field] ?? null, self::COLUMNS);

        return array_map(fn ($value) => is_array($value) ? json_encode($value) : $value, $row);
    }
}
