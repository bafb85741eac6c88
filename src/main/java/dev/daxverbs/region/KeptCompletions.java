package dev.daxverbs.region;

import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.WorkCompletions;

/** Completions that were polled in the owner's place, or that no device made, in the order in which the owner is to see them. */
final class KeptCompletions {
    private static final int INITIAL_CAPACITY = 64;

    private WorkCompletions list = new WorkCompletions(INITIAL_CAPACITY);
    private int head;

    boolean isEmpty() {
        return head == list.size();
    }

    void add(WorkCompletions source, int index) {
        makeRoom();
        list.append(source, index);
    }

    void add(long wrId, CompletionStatus status, CompletionOpcode opcode, long lengthBytes, int queuePairNumber) {
        makeRoom();
        if (status == CompletionStatus.SUCCESS) {
            list.append(wrId, opcode, lengthBytes, queuePairNumber);
        } else {
            list.append(wrId, status, queuePairNumber);
        }
    }

    /** Moves as many as the other list can take, oldest first; returns its new size. */
    int moveTo(WorkCompletions into) {
        while (head < list.size() && into.size() < into.capacity()) {
            into.append(list, head++);
        }
        if (isEmpty()) {
            list.clear();
            head = 0;
        }
        return into.size();
    }

    private void makeRoom() {
        if (list.size() < list.capacity()) {
            return;
        }
        int kept = list.size() - head;
        WorkCompletions next = kept <= list.capacity() / 2 ? list : new WorkCompletions(2 * list.capacity());
        if (next == list) {
            for (int i = 0; i < kept; i++) {
                list.move(head + i, i);
            }
            list.truncate(kept);
        } else {
            for (int i = 0; i < kept; i++) {
                next.append(list, head + i);
            }
            list = next;
        }
        head = 0;
    }
}
