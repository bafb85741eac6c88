/*
 * A libibverbs with one device that does nothing, for BindingOverhead: every request has completed when it was posted, with success,
 * and nothing was moved. It has what the library calls there, and at the end what it links beside that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <infiniband/verbs.h>

enum { OUTSTANDING = 256, MANY = 1 << 16 };

static struct ibv_device device = {
    .node_type = IBV_NODE_CA,
    .transport_type = IBV_TRANSPORT_IB,
    .name = "null0",
    .dev_name = "uverbs0",
    .dev_path = "/",
    .ibdev_path = "/",
};

static uint64_t numbers[OUTSTANDING]; /* wr_id of what was posted and not polled, from polled to posted */
static unsigned posted, polled;
static uint32_t queue_pair;
static uint32_t objects; /* made so far: numbers, handles and keys */

static int post_send(struct ibv_qp *qp, struct ibv_send_wr *wr, struct ibv_send_wr **bad)
{
    (void)bad;
    queue_pair = qp->qp_num;
    for (; wr; wr = wr->next)
        numbers[posted++ % OUTSTANDING] = wr->wr_id;
    return 0;
}

static int poll_cq(struct ibv_cq *cq, int entries, struct ibv_wc *wc)
{
    int i;

    (void)cq;
    for (i = 0; i < entries && polled != posted; i++) {
        wc[i].wr_id = numbers[polled++ % OUTSTANDING];
        wc[i].status = IBV_WC_SUCCESS;
        wc[i].qp_num = queue_pair;
    }
    return i;
}

static int query_device_ex(struct ibv_context *context, const struct ibv_query_device_ex_input *input,
                           struct ibv_device_attr_ex *attributes, size_t size)
{
    (void)context, (void)input;
    memset(attributes, 0, size);
    attributes->orig_attr.max_qp = attributes->orig_attr.max_qp_wr = attributes->orig_attr.max_cqe = MANY;
    attributes->orig_attr.max_sge = attributes->orig_attr.max_qp_rd_atom = attributes->orig_attr.max_qp_init_rd_atom = 16;
    attributes->orig_attr.max_mr_size = UINT64_MAX;
    attributes->orig_attr.phys_port_cnt = 1;
    return 0;
}

static int query_port(struct ibv_context *context, uint8_t number, struct ibv_port_attr *attributes, size_t size)
{
    (void)context, (void)number;
    memset(attributes, 0, size);
    attributes->state = IBV_PORT_ACTIVE;
    attributes->max_mtu = attributes->active_mtu = IBV_MTU_4096;
    attributes->gid_tbl_len = 1;
    attributes->link_layer = IBV_LINK_LAYER_ETHERNET;
    return 0;
}

static int fill_gid(struct ibv_gid_entry *entry)
{
    memset(entry, 0, sizeof(*entry));
    entry->gid.raw[0] = 0xfe;
    entry->gid.raw[1] = 0x80;
    entry->port_num = 1;
    entry->gid_type = IBV_GID_TYPE_ROCE_V2;
    return 0;
}

int _ibv_query_gid_ex(struct ibv_context *context, uint32_t port, uint32_t index, struct ibv_gid_entry *entry, uint32_t flags, size_t size)
{
    (void)context, (void)port, (void)index, (void)flags, (void)size;
    return fill_gid(entry);
}

ssize_t _ibv_query_gid_table(struct ibv_context *context, struct ibv_gid_entry *entries, size_t maximum, uint32_t flags, size_t size)
{
    (void)context, (void)maximum, (void)flags, (void)size;
    fill_gid(entries);
    return 1;
}

struct ibv_device **ibv_get_device_list(int *count)
{
    struct ibv_device **list = calloc(2, sizeof(*list));

    list[0] = &device;
    *count = 1;
    return list;
}

void ibv_free_device_list(struct ibv_device **list)
{
    free(list);
}

__be64 ibv_get_device_guid(struct ibv_device *of)
{
    (void)of;
    return 0;
}

int ibv_get_device_index(struct ibv_device *of)
{
    (void)of;
    return 0;
}

struct ibv_context *ibv_open_device(struct ibv_device *of)
{
    struct verbs_context *context = calloc(1, sizeof(*context));

    context->sz = sizeof(*context);
    context->query_device_ex = query_device_ex;
    context->query_port = query_port;
    context->context.device = of;
    context->context.abi_compat = __VERBS_ABI_IS_EXTENDED;
    context->context.async_fd = eventfd(0, EFD_CLOEXEC);
    context->context.num_comp_vectors = 1;
    context->context.ops.post_send = post_send;
    context->context.ops.poll_cq = poll_cq;
    return &context->context;
}

int ibv_close_device(struct ibv_context *context)
{
    close(context->async_fd);
    free(verbs_get_ctx(context));
    return 0;
}

struct ibv_pd *ibv_alloc_pd(struct ibv_context *context)
{
    struct ibv_pd *pd = calloc(1, sizeof(*pd));

    pd->context = context;
    pd->handle = ++objects;
    return pd;
}

int ibv_dealloc_pd(struct ibv_pd *pd)
{
    free(pd);
    return 0;
}

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *address, size_t length, uint64_t iova, unsigned int access)
{
    struct ibv_mr *mr = calloc(1, sizeof(*mr));

    (void)iova, (void)access;
    mr->context = pd->context;
    mr->pd = pd;
    mr->addr = address;
    mr->length = length;
    mr->handle = mr->lkey = mr->rkey = ++objects;
    return mr;
}

int ibv_dereg_mr(struct ibv_mr *mr)
{
    free(mr);
    return 0;
}

struct ibv_cq *ibv_create_cq(struct ibv_context *context, int entries, void *user, struct ibv_comp_channel *channel, int vector)
{
    struct ibv_cq *cq = calloc(1, sizeof(*cq));

    (void)user, (void)channel, (void)vector;
    cq->context = context;
    cq->handle = ++objects;
    cq->cqe = entries;
    return cq;
}

int ibv_destroy_cq(struct ibv_cq *cq)
{
    free(cq);
    return 0;
}

struct ibv_qp *ibv_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *attributes)
{
    struct ibv_qp *qp = calloc(1, sizeof(*qp));

    qp->context = pd->context;
    qp->pd = pd;
    qp->send_cq = attributes->send_cq;
    qp->recv_cq = attributes->recv_cq;
    qp->handle = qp->qp_num = ++objects;
    qp->qp_type = attributes->qp_type;
    return qp;
}

int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attributes, int mask)
{
    (void)qp, (void)attributes, (void)mask;
    return 0;
}

int ibv_destroy_qp(struct ibv_qp *qp)
{
    free(qp);
    return 0;
}

static int refuse(void)
{
    errno = ENOSYS;
    return -1;
}

struct ibv_comp_channel *ibv_create_comp_channel(struct ibv_context *context)
{
    (void)context;
    refuse();
    return NULL;
}

int ibv_get_cq_event(struct ibv_comp_channel *channel, struct ibv_cq **cq, void **user)
{
    (void)channel, (void)cq, (void)user;
    return refuse();
}

int ibv_get_async_event(struct ibv_context *context, struct ibv_async_event *event)
{
    (void)context, (void)event;
    return refuse();
}
