// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel for tests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_kernel.h"

void fake_kernel_init(struct fake_kernel *kernel)
{
	memset(kernel, 0, sizeof(*kernel));
}

void fake_kernel_fini(struct fake_kernel *kernel)
{
	mrkm_image_clear(&kernel->image);
}

struct mrkm_link *fake_kernel_link(struct fake_kernel *kernel, int ifindex,
				   const char *name)
{
	struct mrkm_link *link = &kernel->links[kernel->link_count++];

	memset(link, 0, sizeof(*link));
	link->ifindex = ifindex;
	strncpy(link->name, name, sizeof(link->name) - 1);
	return link;
}

/* ------------------------------------------------------------------ its objects */

#define REMOVE_WHERE(type, list, condition)                                    \
	do {                                                                   \
		size_t kept_ = 0;                                              \
		mrkm_for_each(type, it, list)                                  \
			if (!(condition))                                      \
				((struct type *)(list)->items)[kept_++] = *it; \
		(list)->count = kept_;                                         \
	} while (0)

void fake_kernel_unlink(struct fake_kernel *kernel, int ifindex)
{
	for (size_t i = 0; i < kernel->link_count; i++)
		if (kernel->links[i].ifindex == ifindex)
			kernel->links[i] = kernel->links[--kernel->link_count];
	REMOVE_WHERE(mrkm_filter, &kernel->image.filters,
		     it->ifindex == ifindex);
}

static bool has_link(const struct fake_kernel *kernel, int ifindex)
{
	for (size_t i = 0; i < kernel->link_count; i++)
		if (kernel->links[i].ifindex == ifindex)
			return true;
	return false;
}

const struct mrkm_sa *fake_kernel_sa(const struct fake_kernel *kernel,
				     uint32_t spi,
				     const struct mrkm_address *destination)
{
	mrkm_for_each(mrkm_sa, sa, &kernel->image.sas)
		if (sa->spi == spi && !memcmp(&sa->destination, destination,
					      sizeof(*destination)))
			return sa;
	return NULL;
}

const struct mrkm_sp *fake_kernel_sp(const struct fake_kernel *kernel,
				     int ifindex, bool in,
				     const struct mrkm_address *destination)
{
	mrkm_for_each(mrkm_sp, sp, &kernel->image.sps)
		if (sp->ifindex == ifindex && sp->in == in &&
		    !memcmp(&sp->destination, destination,
			    sizeof(*destination)))
			return sp;
	return NULL;
}

/* A policy for a prefix has SAs that come when they are asked for. */
static void mind_policies(struct fake_kernel *kernel)
{
	mrkm_for_each(mrkm_sp, sp, &kernel->image.sps)
		if (!sp->block && !sp->in && sp->prefix >= 32 &&
		    !fake_kernel_sa(kernel, sp->spi, &sp->destination))
			kernel->dangling++;
}

/* ----------------------------------------------------------------- its messages */

/* An SA that is not marked is taken, too, but is of no interest here. */
static int new_sa(struct fake_kernel *kernel, const struct nlmsghdr *nlh)
{
	uint8_t copy[MRKM_NLMSG_MAX] __attribute__((aligned(8)));
	struct xfrm_usersa_info info;
	struct mrkm_image one = { 0 };
	const struct mrkm_sa *sa;
	bool marked;
	int err = 0;

	memcpy(copy, nlh, nlh->nlmsg_len);
	memcpy(&info, mnl_nlmsg_get_payload(nlh), sizeof(info));
	marked = (info.reqid & ~MRKM_IPSEC_REQID_MASK) < MRKM_TRAFFIC_MAX;
	info.reqid = MRKM_IPSEC_REQID;
	memcpy(mnl_nlmsg_get_payload((void *)copy), &info, sizeof(info));
	if (kernel->no_ipsec || mrkm_xfrm_read((void *)copy, &one) ||
	    !one.sas.count)
		return EPROTONOSUPPORT;
	mrkm_image_clear(&one);
	mrkm_xfrm_read(marked ? nlh : (void *)copy, &one);
	sa = one.sas.items;
	if (kernel->no_encr && sa->suite.encr == kernel->no_encr)
		err = ENOSYS;
	else if (sa->spi == kernel->foreign_spi)
		err = EEXIST;
	else if (marked)
		err = -mrkm_image_add_sa(&kernel->image, sa);
	mrkm_image_clear(&one);
	return err;
}

static int del_sa(struct fake_kernel *kernel, const struct nlmsghdr *nlh)
{
	const struct xfrm_usersa_id *id = mnl_nlmsg_get_payload(nlh);
	size_t before = kernel->image.sas.count;
	size_t size = id->family == AF_INET ? 4 : 16;

	REMOVE_WHERE(mrkm_sa, &kernel->image.sas,
		     it->spi == ntohl(id->spi) && it->family == id->family &&
			     it->ip_protocol == id->proto &&
			     !memcmp(&it->destination, &id->daddr, size));
	return kernel->image.sas.count == before ? ESRCH : 0;
}

static int set_sp(struct fake_kernel *kernel, const struct nlmsghdr *nlh)
{
	struct mrkm_image one = { 0 };
	const struct mrkm_sp *sp;
	int err;

	if (mrkm_xfrm_read(nlh, &one) || !one.sps.count)
		return EINVAL;
	sp = one.sps.items;
	REMOVE_WHERE(mrkm_sp, &kernel->image.sps,
		     it->ifindex == sp->ifindex && it->in == sp->in &&
			     it->family == sp->family &&
			     it->ip_protocol == sp->ip_protocol &&
			     !memcmp(&it->destination, &sp->destination,
				     sizeof(sp->destination)));
	err = -mrkm_image_add_sp(&kernel->image, sp);
	mrkm_image_clear(&one);
	return err;
}

static int del_sp(struct fake_kernel *kernel, const struct nlmsghdr *nlh)
{
	const struct xfrm_userpolicy_id *id = mnl_nlmsg_get_payload(nlh);
	size_t before = kernel->image.sps.count;
	size_t size = id->sel.family == AF_INET ? 4 : 16;

	REMOVE_WHERE(mrkm_sp, &kernel->image.sps,
		     it->ifindex == id->sel.ifindex &&
			     it->family == id->sel.family &&
			     it->in == (id->dir == XFRM_POLICY_IN) &&
			     it->ip_protocol == id->sel.proto &&
			     !memcmp(&it->destination, &id->sel.daddr, size));
	return kernel->image.sps.count == before ? ENOENT : 0;
}

static int set_filter(struct fake_kernel *kernel, const struct nlmsghdr *nlh)
{
	struct mrkm_image one = { 0 };
	const struct mrkm_filter *filter;
	int err;

	if (kernel->no_filters)
		return ENOENT;
	if (mrkm_link_read_filter(nlh, &one) || !one.filters.count)
		return EINVAL;
	filter = one.filters.items;
	if (!has_link(kernel, filter->ifindex)) {
		mrkm_image_clear(&one);
		return ENODEV;
	}
	REMOVE_WHERE(mrkm_filter, &kernel->image.filters,
		     it->ifindex == filter->ifindex &&
			     it->kind == filter->kind);
	err = -mrkm_image_add_filter(&kernel->image, filter);
	mrkm_image_clear(&one);
	return err;
}

static int del_filter(struct fake_kernel *kernel, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	size_t before = kernel->image.filters.count;

	REMOVE_WHERE(mrkm_filter, &kernel->image.filters,
		     it->ifindex == tcm->tcm_ifindex &&
			     MRKM_IPSEC_FILTER_HANDLE + it->kind ==
				     tcm->tcm_handle);
	return kernel->image.filters.count == before ? ENOENT : 0;
}

static int take(struct fake_kernel *kernel, enum mrkm_family family,
		const struct nlmsghdr *nlh)
{
	if (family == MRKM_XFRM)
		switch (nlh->nlmsg_type) {
		case XFRM_MSG_NEWSA:
			return new_sa(kernel, nlh);
		case XFRM_MSG_DELSA:
			return del_sa(kernel, nlh);
		case XFRM_MSG_UPDPOLICY:
			return set_sp(kernel, nlh);
		case XFRM_MSG_DELPOLICY:
			return del_sp(kernel, nlh);
		default:
			return EOPNOTSUPP;
		}
	switch (nlh->nlmsg_type) {
	case RTM_NEWQDISC:
		return kernel->no_filters ? ENOENT : EEXIST;
	case RTM_NEWTFILTER:
		return set_filter(kernel, nlh);
	case RTM_DELTFILTER:
		return del_filter(kernel, nlh);
	default:
		return EOPNOTSUPP;
	}
}

static int
fake_send(void *arg, enum mrkm_family family, const struct mrkm_batch *batch,
	  void (*refused)(void *refused_arg, uint32_t sequence, int error),
	  void *refused_arg)
{
	struct fake_kernel *kernel = arg;
	const struct nlmsghdr *nlh = (const void *)batch->octets;
	int left = batch->len, err;

	kernel->batches++;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		kernel->messages++;
		err = take(kernel, family, nlh);
		if (err)
			refused(refused_arg, nlh->nlmsg_seq, err);
		mind_policies(kernel);
	}
	return left ? -EBADMSG : 0;
}

/* ---------------------------------------------------------------------- its lists */

static void put_link(struct mrkm_batch *out, const struct mrkm_link *link)
{
	struct nlmsghdr *nlh = mrkm_batch_begin(out, RTM_NEWLINK, 0, 1);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->ifi_index = link->ifindex;
	info->ifi_type = ARPHRD_ETHER;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	mrkm_batch_end(out, nlh);
}

static void put_addresses(struct mrkm_batch *out, const struct mrkm_link *link)
{
	for (size_t i = 0; i < link->address_count; i++) {
		struct nlmsghdr *nlh = mrkm_batch_begin(out, RTM_NEWADDR, 0, 1);
		struct ifaddrmsg *info =
			mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

		info->ifa_family = AF_INET6;
		info->ifa_scope = RT_SCOPE_LINK;
		info->ifa_index = link->ifindex;
		mnl_attr_put(nlh, IFA_ADDRESS, sizeof(link->addresses[i]),
			     &link->addresses[i]);
		mrkm_batch_end(out, nlh);
	}
}

/* That waits for a key. */
static void put_larval(struct mrkm_batch *out, const struct mrkm_sa *sa)
{
	struct nlmsghdr *nlh = mrkm_batch_begin(out, XFRM_MSG_NEWSA, 0, 1);
	struct xfrm_usersa_info info = {
		.id = { .spi = htonl(sa->spi), .proto = sa->ip_protocol },
		.family = sa->family,
		.reqid = sa->reqid,
	};

	memcpy(&info.id.daddr, &sa->destination, sizeof(info.id.daddr));
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(info)), &info,
	       sizeof(info));
	mrkm_batch_end(out, nlh);
}

/* Numbers of both families overlap. */
static void put_ours(const struct fake_kernel *kernel, uint16_t type,
		     struct mrkm_batch *out)
{
	struct mrkm_op op = { 0 };

	if (type == XFRM_MSG_GETSA) {
		op.type = MRKM_OP_ADD_SA;
		mrkm_for_each(mrkm_sa, sa, &kernel->image.sas) {
			op.sa = sa;
			if (sa->key_len)
				mrkm_xfrm_put(out, &op, 1);
			else
				put_larval(out, sa);
		}
		return;
	}
	op.type = MRKM_OP_SET_SP;
	mrkm_for_each(mrkm_sp, sp, &kernel->image.sps) {
		op.sp = sp;
		mrkm_xfrm_put(out, &op, 1);
	}
}

static void put_interfaces(const struct fake_kernel *kernel,
			   const struct nlmsghdr *request,
			   struct mrkm_batch *out)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(request);
	struct mrkm_op op = { .type = MRKM_OP_SET_FILTER };

	if (request->nlmsg_type == RTM_GETTFILTER) {
		mrkm_for_each(mrkm_filter, filter, &kernel->image.filters) {
			op.filter = filter;
			if (filter->ifindex == tcm->tcm_ifindex)
				mrkm_tc_put(out, &op, 1);
		}
		return;
	}
	for (size_t i = 0; i < kernel->link_count; i++) {
		if (request->nlmsg_type == RTM_GETLINK)
			put_link(out, &kernel->links[i]);
		else
			put_addresses(out, &kernel->links[i]);
	}
}

static int fake_list(void *arg, enum mrkm_family family,
		     const struct mrkm_batch *request,
		     int (*item)(void *item_arg, const struct nlmsghdr *nlh),
		     void *item_arg)
{
	struct fake_kernel *kernel = arg;
	struct mrkm_batch out = { 0 };
	const struct nlmsghdr *nlh;
	int left, err = 0;

	kernel->lists++;
	if (kernel->no_lists)
		return -ENOBUFS;
	nlh = (const void *)request->octets;
	if (family == MRKM_XFRM)
		put_ours(kernel, nlh->nlmsg_type, &out);
	else
		put_interfaces(kernel, nlh, &out);
	left = out.len;
	for (nlh = (const void *)out.octets; mnl_nlmsg_ok(nlh, left) && !err;
	     nlh = mnl_nlmsg_next(nlh, &left))
		err = item(item_arg, nlh);
	mrkm_batch_clear(&out);
	return err;
}

const struct mrkm_transport fake_transport = {
	.send = fake_send,
	.list = fake_list,
};
