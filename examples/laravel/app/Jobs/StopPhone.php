<?php
// SPDX-License-Identifier: MIT

namespace App\Jobs;

use App\Models\Call;
use App\Models\Push;
use App\Push\CallMessage;
use App\Push\FcmClient;

/** Tells a phone that was pushed to ring no more, once. One that was not is left asleep; the one that answered, alone. */
class StopPhone extends PhoneJob
{
    public function handle(FcmClient $fcm): void
    {
        $push = Push::sent($this->record, $this->phone);
        if ($push === null || $push->stopped_at !== null) {
            return;
        }
        $call = Call::known($this->record);
        if ($call?->answered_by === $this->phone->device_id) {
            return;
        }
        $record = ['status' => $call->status ?? $this->record['status']] + $this->record;
        $fcm->send(CallMessage::stop($this->phone->token, $record, $this->leftMs()));
        $push->update(['stopped_at' => now()]);
    }
}
