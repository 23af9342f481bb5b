<?php
// SPDX-License-Identifier: MIT

namespace App\Models;

use Illuminate\Database\Eloquent\Builder;
use Illuminate\Database\Eloquent\Model;

/**
 * A call in the plugin's own SQLite database, read-only: what there is without any webhook, when both run on one
 * machine. The columns are those of docs/operations.md; times are Unix time in milliseconds. A call that is over is in a
 * user's lists about a second later.
 */
class PluginCall extends Model
{
    public const MISSED = [7, 8, 9];

    private const ALL = [2, 3, 4, 5, 6, 7, 8, 9];
    private const WITH_ALL = 0;

    public $timestamps = false;

    protected $connection = 'call_records';

    protected $table = 'calls';

    protected $casts = ['data' => 'array', 'audio' => 'boolean', 'video' => 'boolean'];

    /** Calls of this user that are over, the one that was made last first. */
    public function scopeOverFor(Builder $calls, string $userId): void
    {
        self::listed($calls, $userId, self::ALL);
    }

    /** Calls that this user missed, the last one first. */
    public function scopeMissedBy(Builder $calls, string $userId): void
    {
        self::listed($calls, $userId, self::MISSED);
    }

    /** Calls that ring or are in progress. */
    public function scopeLive(Builder $calls): void
    {
        $calls->whereIn('status', ['ringing', 'accepted'])->whereNull('ended_at');
    }

    private static function listed(Builder $calls, string $userId, array $kinds): void
    {
        $calls->select('calls.*')
            ->join('listings', 'listings.call', '=', 'calls.id')
            ->join('users', 'users.number', '=', 'listings.user')
            ->where('users.user_id', $userId)
            ->where('listings.peer', self::WITH_ALL)
            ->whereIn('listings.kind', $kinds)
            ->orderByDesc('listings.at');
    }
}
