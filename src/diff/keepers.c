// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/keepers.h"

#include <string.h>

#include "arch/arch.h"
#include "base/array.h"

#define ARG(n) (1u << (n))

/* Files are those of v6.1. Functions that copy a name (proc_create, debugfs_create_file,
 * kthread_create_on_node, alloc_workqueue, kmem_cache_create) do not keep it. */
static const struct {
	const char *name; /* a trailing '*' matches any rest */
	uint32_t keeps;
} keepers[] = {
	/* kernel/time/timer.c, hrtimer.c: the callback; its timer */
	{ "init_timer_key", ARG(0) | ARG(1) },
	{ "timer_init_key", ARG(0) | ARG(1) }, /* v6.16 */
	{ "hrtimer_setup", ARG(0) | ARG(1) },  /* v6.13 */
	{ "add_timer*", ARG(0) },
	{ "mod_timer*", ARG(0) },
	{ "hrtimer_start_range_ns", ARG(0) },
	/* kernel/workqueue.c */
	{ "queue_work_on", ARG(2) },
	{ "queue_delayed_work_on", ARG(2) },
	{ "mod_delayed_work_on", ARG(2) },
	{ "queue_rcu_work", ARG(1) },
	/* kernel/softirq.c */
	{ "tasklet_setup", ARG(0) | ARG(1) },
	{ "tasklet_init", ARG(0) | ARG(1) | ARG(2) },
	{ "__tasklet_schedule", ARG(0) },
	/* kernel/rcu/tree.c, srcutree.c, tasks.h */
	{ "call_rcu*", ARG(0) | ARG(1) },
	{ "call_srcu", ARG(1) | ARG(2) },
	/* kernel/irq/manage.c, devres.c, chip.c: handlers, name and cookie */
	{ "request_threaded_irq", ARG(1) | ARG(2) | ARG(4) | ARG(5) },
	{ "request_any_context_irq", ARG(1) | ARG(3) | ARG(4) },
	{ "__request_percpu_irq", ARG(1) | ARG(3) | ARG(4) },
	{ "devm_request_threaded_irq", ARG(2) | ARG(3) | ARG(5) },
	{ "devm_request_any_context_irq", ARG(2) | ARG(4) | ARG(5) },
	{ "__irq_set_handler", ARG(1) | ARG(3) },
	/* kernel/kthread.c */
	{ "kthread_create_on_node", ARG(0) | ARG(1) },
	{ "kthread_create_on_cpu", ARG(0) | ARG(1) },
	{ "kthread_queue_work", ARG(1) },
	{ "task_work_add", ARG(1) }, /* kernel/task_work.c */
	/* fs/proc/generic.c, fs/debugfs, fs/sysfs, fs/seq_file.c, fs/char_dev.c */
	{ "proc_create", ARG(3) },
	{ "proc_create_data", ARG(3) | ARG(4) },
	{ "proc_create_single_data", ARG(3) | ARG(4) },
	{ "proc_create_seq_private", ARG(3) | ARG(5) },
	{ "debugfs_create_file*", ARG(3) | ARG(4) },
	{ "sysfs_create_*", ARG(1) },
	{ "device_create_file", ARG(1) },
	{ "driver_create_file", ARG(1) },
	{ "seq_open", ARG(1) },
	{ "__seq_open_private", ARG(1) },
	{ "single_open*", ARG(1) | ARG(2) },
	{ "simple_attr_open", ARG(2) | ARG(3) },
	{ "cdev_init", ARG(0) | ARG(1) },
	{ "cdev_add", ARG(0) },
	{ "anon_inode_getf*", ARG(1) | ARG(2) },
	/* lib/kobject.c, lib/percpu-refcount.c, drivers/base */
	{ "kobject_init*", ARG(0) | ARG(1) },
	{ "percpu_ref_init", ARG(0) | ARG(1) },
	{ "class_create", ARG(0) }, /* the name, until v6.4 a second argument */
	{ "__class_create", ARG(1) },
	{ "devm_add_action", ARG(1) | ARG(2) },
	{ "__devm_add_action", ARG(1) | ARG(2) },
	/* mm/slab_common.c: the constructor */
	{ "kmem_cache_create", ARG(4) },
	{ "kmem_cache_create_usercopy", ARG(6) },
	/* net/core/dev.c */
	{ "dev_add_pack", ARG(0) },
	{ "netif_napi_add*", ARG(2) },
	/* kernel/trace/trace_printk.c: the ring buffer has the format's address */
	{ "__trace_bprintk", ARG(1) },
	{ "__trace_bputs", ARG(1) },
};

static bool contains(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

bool mkp_keeper_registers(const char *function)
{
	return contains(function, "register") && !contains(function, "unregister") &&
	       !contains(function, "deregister");
}

bool mkp_keeper_keeps(const char *function, uint8_t argument)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(keepers); i++)
		if (argument < 32 && (keepers[i].keeps >> argument & 1) &&
		    mkp_name_matches(keepers[i].name, function))
			return true;
	return false;
}

/*
 * What looks something up in what it is given, or steps through it, and gives back the
 * place. Files are those of v6.12.
 */
static const struct {
	const char *name;
	uint32_t gives;
} givers[] = {
	/* drivers/pci/pci-driver.c, drivers/usb/core/driver.c, drivers/hid/hid-core.c */
	{ "pci_match_id", ARG(0) },
	{ "usb_match_id", ARG(1) },
	{ "usb_device_match_id", ARG(1) },
	{ "hid_match_id", ARG(1) },
	/* drivers/of/base.c, device.c, drivers/acpi/bus.c */
	{ "of_match_node", ARG(0) },
	{ "of_match_device", ARG(0) },
	{ "acpi_match_device", ARG(0) },
	{ "acpi_match_acpi_device", ARG(0) },
	/* drivers/i2c/i2c-core-base.c, i2c-core-of.c, drivers/i3c/device.c */
	{ "i2c_match_id", ARG(0) },
	{ "i2c_of_match_device", ARG(0) },
	{ "i3c_device_match_id", ARG(1) },
	{ "ssam_device_id_match",
	  ARG(0) }, /* drivers/platform/surface/aggregator/bus.c */
	/* drivers/firmware/dmi_scan.c, arch/x86/kernel/cpu/match.c, drivers/base/soc.c */
	{ "dmi_first_match", ARG(0) },
	{ "x86_match_cpu", ARG(0) },
	{ "soc_device_match", ARG(0) },
	/* sound/core/misc.c, sound/soc/soc-acpi.c */
	{ "snd_pci_quirk_lookup", ARG(1) },
	{ "snd_pci_quirk_lookup_id", ARG(2) },
	{ "snd_soc_acpi_find_machine", ARG(0) },
	/* drivers/media/v4l2-core/v4l2-common.c, drivers/clk/qcom/common.c */
	{ "__v4l2_find_nearest_size", ARG(0) },
	{ "qcom_find_freq*", ARG(0) },
	/* net/wireless/scan.c, lib/nlattr.c, drivers/scsi/scsi_common.c */
	{ "cfg80211_find_elem_match", ARG(1) },
	{ "cfg80211_find_vendor_elem", ARG(2) },
	{ "nla_find", ARG(0) },
	{ "scsi_sense_desc_find", ARG(0) },
	{ "bsearch", ARG(1) }, /* lib/bsearch.c; the key is only read */
	/* lib/string.c */
	{ "strchr", ARG(0) },
	{ "strchrnul", ARG(0) },
	{ "strrchr", ARG(0) },
	{ "strnchr", ARG(0) },
	{ "strnchrnul", ARG(0) },
	{ "strstr", ARG(0) },
	{ "strnstr", ARG(0) },
	{ "strpbrk", ARG(0) },
	{ "memchr", ARG(0) },
	{ "memchr_inv", ARG(0) },
	{ "memscan", ARG(0) },
	/* The same, and arch/x86/lib: where they write to */
	{ "memcpy", ARG(0) },
	{ "memmove", ARG(0) },
	{ "memset", ARG(0) },
	{ "strcpy", ARG(0) },
	{ "strncpy", ARG(0) },
	{ "strcat", ARG(0) },
	{ "strncat", ARG(0) },
	/* lib/string_helpers.c, cmdline.c */
	{ "skip_spaces", ARG(0) },
	{ "strim", ARG(0) },
	{ "strreplace", ARG(0) },
	{ "get_options", ARG(0) },
};

bool mkp_keeper_gives_back(const char *function, uint8_t argument)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(givers); i++)
		if (argument < 32 && (givers[i].gives >> argument & 1) &&
		    mkp_name_matches(givers[i].name, function))
			return true;
	return false;
}

/* What calls a function that it is given, or looks at what it is given, before it returns
 * and not later. Files are those of v6.12. */
static const struct {
	const char *name;
	uint32_t uses;
} users[] = {
	/* lib/dynamic_debug.c: the record of the place */
	{ "__dynamic_pr_debug", ARG(0) },
	{ "__dynamic_dev_dbg", ARG(0) },
	{ "__dynamic_netdev_dbg", ARG(0) },
	{ "__dynamic_ibdev_dbg", ARG(0) },
	/* lib/nlattr.c: the policy */
	{ "__nla_validate", ARG(3) },
	{ "__nla_parse", ARG(4) },
	/* lib/sort.c, list_sort.c, bsearch.c, idr.c */
	{ "sort", ARG(3) | ARG(4) },
	{ "sort_r", ARG(3) | ARG(4) | ARG(5) },
	{ "list_sort", ARG(0) | ARG(2) },
	{ "bsearch", ARG(0) | ARG(4) },
	{ "idr_for_each", ARG(1) | ARG(2) },
	/* drivers/base/bus.c, core.c */
	{ "bus_for_each_dev", ARG(2) | ARG(3) },
	{ "bus_find_device", ARG(2) | ARG(3) },
	{ "device_for_each_child", ARG(1) | ARG(2) },
	{ "device_find_child", ARG(1) | ARG(2) },
	/* mm/pagewalk.c, kernel/stop_machine.c */
	{ "walk_page_range", ARG(3) | ARG(4) },
	{ "stop_machine", ARG(0) | ARG(1) },
};

bool mkp_keeper_only_uses(const char *function, uint8_t argument)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(users); i++)
		if (!strcmp(users[i].name, function))
			return argument < 32 && (users[i].uses & ARG(argument));
	return false;
}

bool mkp_keeper_copies(const char *function)
{
	return contains(function, "dup") || contains(function, "copy") ||
	       contains(function, "clone");
}

/*
 * What lets other tasks run until something happens. Locks are not listed: whoever waits
 * for one waits for another task's critical section, which is short.
 */
static const struct {
	const char *name, *why;
} waits[] = {
	/* kernel/sched/core.c, kernel/time/timer.c, hrtimer.c */
	{ "schedule", "sleeps until it is woken" },
	{ "schedule_timeout*", "sleeps" },
	{ "schedule_hrtimeout*", "sleeps" },
	{ "io_schedule*", "waits for I/O" },
	{ "msleep*", "sleeps" },
	{ "usleep_range*", "sleeps" },
	/* kernel/sched/wait.c, swait.c, completion.c: of wait_event() and its like */
	{ "prepare_to_wait*", "waits for an event" },
	{ "prepare_to_swait*", "waits for an event" },
	{ "wait_for_completion*", "waits for a completion" },
	{ "wait_woken", "waits for an event" },
	/* kernel/kthread.c */
	{ "kthread_should_stop", "runs until the thread is stopped" },
	{ "kthread_should_park", "runs until the thread is stopped" },
	{ "kthread_freezable_should_stop", "runs until the thread is stopped" },
	/* fs/select.c, fs/eventpoll.c */
	{ "poll_schedule_timeout", "waits for a file" },
	{ "poll_freewait", "waits for a file" },
	/* kernel/signal.c, kernel/futex */
	{ "do_sigtimedwait", "waits for a signal" },
	{ "futex_wait_queue", "waits for a futex" },
};

const char *mkp_keeper_waits(const char *function)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(waits); i++)
		if (mkp_name_matches(waits[i].name, function))
			return waits[i].why;
	return NULL;
}

bool mkp_keeper_starts_thread(const char *function)
{
	/* kernel/kthread.c, kernel/smpboot.c has its functions in a table */
	return !strcmp(function, "kthread_create_on_node") ||
	       !strcmp(function, "kthread_create_on_cpu") ||
	       !strcmp(function, "kernel_thread") ||
	       !strcmp(function, "user_mode_thread");
}
