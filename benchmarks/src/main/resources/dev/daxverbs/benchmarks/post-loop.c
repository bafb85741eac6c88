/* PostCost's yardstick: what a C program does that posts and polls, and nothing else. */
#include <infiniband/verbs.h>

/* Describes what is the same in the other ways' hands: see PostShape. */
static void fill(struct ibv_send_wr *requests, int count, int elements, uint32_t length, int flags, uint64_t address, uint64_t id)
{
    for (int i = 0; i < count; i++) {
        struct ibv_send_wr *wr = &requests[i];

        wr->wr_id = id + i;
        wr->num_sge = elements;
        wr->opcode = IBV_WR_RDMA_WRITE;
        wr->send_flags = flags;
        wr->wr.rdma.remote_addr = address;
        wr->wr.rdma.rkey = 1;
        for (int k = 0; k < elements; k++) {
            wr->sg_list[k].addr = address + (uint64_t)k * length;
            wr->sg_list[k].length = length;
            wr->sg_list[k].lkey = 1;
        }
    }
}

/* Gives the sum of the completions' numbers; UINT64_MAX if one is missing or not a success. */
uint64_t post_loop(struct ibv_qp *qp, struct ibv_cq *cq, struct ibv_send_wr *requests, struct ibv_wc *completions, int count, int elements,
                   uint32_t length, int flags, int filling, int times)
{
    uint64_t address = requests->sg_list->addr;
    uint64_t sum = 0;

    for (int t = 0; t < times; t++) {
        struct ibv_send_wr *bad;

        if (filling)
            fill(requests, count, elements, length, flags, address, t);
        if (ibv_post_send(qp, requests, &bad) || ibv_poll_cq(cq, count, completions) != count)
            return UINT64_MAX;
        for (int i = 0; i < count; i++) {
            if (completions[i].status != IBV_WC_SUCCESS)
                return UINT64_MAX;
            sum += completions[i].wr_id;
        }
    }
    return sum;
}
