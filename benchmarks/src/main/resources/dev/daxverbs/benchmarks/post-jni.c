/*
 * Posting and polling in the manner of the JNI verbs libraries: the work requests lie prepared in native memory, and there is one call that
 * posts them and one that polls.
 */
#include <jni.h>

#include <infiniband/verbs.h>

JNIEXPORT jint JNICALL Java_dev_daxverbs_benchmarks_JniWay_postSend(JNIEnv *env, jclass type, jlong qp, jlong requests)
{
    struct ibv_send_wr *bad;

    (void)env, (void)type;
    return ibv_post_send((struct ibv_qp *)(uintptr_t)qp, (struct ibv_send_wr *)(uintptr_t)requests, &bad);
}

JNIEXPORT jint JNICALL Java_dev_daxverbs_benchmarks_JniWay_pollCq(JNIEnv *env, jclass type, jlong cq, jint entries, jlong completions)
{
    (void)env, (void)type;
    return ibv_poll_cq((struct ibv_cq *)(uintptr_t)cq, entries, (struct ibv_wc *)(uintptr_t)completions);
}
