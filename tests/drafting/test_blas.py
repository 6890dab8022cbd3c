"""BLAS has its threads back after blocks that overlap."""

from __future__ import annotations

import threading

from threadpoolctl import threadpool_info

from maskstyle.drafting.draft import one_blas_thread


def threads():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_overlapping_blocks_of_two_threads_leave_blas_as_it_was():
    before, inside, leave = threads(), threading.Barrier(2), threading.Event()

    def work():
        with one_blas_thread():
            inside.wait()
            leave.wait()

    for _ in range(2):
        other = threading.Thread(target=work)
        with one_blas_thread():
            assert set(threads()) <= {1}
            other.start()
            inside.wait()
        assert threads() == before
        leave.set()
        other.join()
        assert threads() == before
        leave.clear()
