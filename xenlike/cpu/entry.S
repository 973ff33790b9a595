/* SPDX-License-Identifier: MIT */
/*
 * Every way into the hypervisor and out of it.
 *
 * From ring 3 the registers go straight into the running vCPU (struct vcpu.regs): hardware pushes to RSP0 = &regs.es, the
 * syscall stub does the same by hand; then rsp moves to the CPU's stack, whose top is struct cpu_local.
 * Invariants: EN1 interrupts are off. EN2 after entry rbx = the running vCPU and regs is whole. EN3 exit tests work, then the
 * upcall, and nothing may make either true after its test with interrupts off. EN4 only exit_iret may fault on a guest's values.
 * Read next: percpu.h, traps.c, switch.c.
 */
#include <offsets.h>
#include <public/xen.h>

#include "../mm/layout.h"

/* regs.entry_vector of an entry by syscall; a handler that changes more than rax clears it, and iretq loads all. */
#define ENTRY_SYSCALL 0x100
#define RFLAGS_FIXED       0x2
#define RFLAGS_IF          0x200
#define RFLAGS_IF_BIT      9
#define RFLAGS_LEFT_BEHIND 0x74500  /* TF, DF, NT, RF, VM, AC: a system call's handler begins without */
#define RFLAGS_LEFT_BY_TRAP 0x74100 /* the same but DF: an exception's handler finds it as it was */
#define RFLAGS_RESUMED     0x3d4fd7 /* what a frame may ask for: all that exist but IOPL and VM */
#define ERROR_WRITE_PRESENT 0x3 /* of a page fault */
#define ERROR_USER          0x4
#define PAGE_FRAME_SIZE 48 /* error code, rip, cs, rflags, rsp, ss */
/* rsp is &regs.rip when iretq faults: hardware aligns it and pushes. Where the error code ends up, in the vCPU: */
#define IRET_FAULT_FRAME ((VCPU_RIP & ~15) - PAGE_FRAME_SIZE)

.macro PUSH_REGISTERS
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro POP_REGISTERS
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
.endm

/* From the register area to the CPU's stack: rbx = vCPU. */
.macro TO_CPU_STACK
    lea -VCPU_REGS(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
.endm

/*
 * The stubs run from a page of each CPU's own, where cpu_local is at a fixed distance.
 * In (syscall): rcx = rip, r11 = rflags, all else the guest's. Out: rsp = &regs.rsp, ss and rsp saved.
 */
#define LOCAL(field) (entry_stubs + STUB_TO_LOCAL + field)(%rip)

    .section .rodata
    .balign 8
end_of_low_half:
    .quad 0x0000800000000000

    .globl entry_stubs, entry_stubs_size, entry_stub_compat
    .balign 16
entry_stubs:
    mov %rsp, LOCAL(CPU_GUEST_RSP)
    mov LOCAL(CPU_REGISTER_END), %rsp
    push $FLAT_RING3_SS64
    push LOCAL(CPU_GUEST_RSP)
    jmp *LOCAL(CPU_SYSCALL_TARGET)
    .balign 16
stub_compat:
    mov %rsp, LOCAL(CPU_GUEST_RSP)
    mov LOCAL(CPU_REGISTER_END), %rsp
    push $FLAT_RING3_SS32
    push LOCAL(CPU_GUEST_RSP)
    jmp *LOCAL(CPU_COMPAT_TARGET)
stubs_end:
    .balign 8
entry_stubs_size:
    .quad stubs_end - entry_stubs
entry_stub_compat:
    .quad stub_compat - entry_stubs

    .text
/* syscall in 32-bit code (AMD). In: like entry_syscall; eip in ecx. */
    .balign 16
    .globl entry_syscall_compat
entry_syscall_compat:
    push %r11
    push $FLAT_RING3_CS32
    push %rcx
    push $0
    movl $ENTRY_SYSCALL, 4(%rsp)
    PUSH_REGISTERS
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_syscall_compat
    jmp exit_to_guest

/*
 * void entry_syscall(void): from the stub. In guest-kernel mode a hypercall: number in rax, arguments rdi, rsi, rdx, r10,
 * r8, r9. In guest-user mode a system call of the guest's. rsp = &regs.rsp; rcx = rip, r11 = rflags.
 */
#define AT_RSP(field) (VCPU_##field - VCPU_RSP)(%rsp)

/* All but rcx and r11, which the call loses, ss and rsp, which the stub saved, and what the caller names. */
.macro SAVE_SYSCALL_FRAME
    mov %rcx, AT_RSP(RIP)
    mov %r11, AT_RSP(RFLAGS)
    movq $FLAT_RING3_CS64, AT_RSP(CS)
    movl $ENTRY_SYSCALL, AT_RSP(VECTOR)
.endm
.macro SAVE_OTHERS
    mov %rdi, AT_RSP(RDI)
    mov %rsi, AT_RSP(RSI)
    mov %r8, AT_RSP(R8)
    mov %r9, AT_RSP(R9)
    mov %r10, AT_RSP(R10)
    mov %rbp, AT_RSP(RBP)
    mov %r12, AT_RSP(R12)
    mov %r13, AT_RSP(R13)
    mov %r14, AT_RSP(R14)
    mov %r15, AT_RSP(R15)
.endm

    .balign 16
    .globl entry_syscall
entry_syscall:
    cmpb $0, AT_RSP(IN_KERNEL)
    je syscall_from_user
    SAVE_SYSCALL_FRAME
    mov %rbx, AT_RSP(RBX)
    cmp $__HYPERVISOR_iret, %rax
    je syscall_iret
    mov %rax, AT_RSP(RAX)
    mov %rdx, AT_RSP(RDX)
    SAVE_OTHERS
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    cmp $64, %rax
    jae syscall_unknown
    mov %r10, %rcx
    lea hypercall_table(%rip), %r10
    call *(%r10, %rax, 8)
syscall_done:
    cmpl $0, CPU_WORK(%rsp)
    jne syscall_done_slowly
    /* The exact test of the upcall is in exit_to_guest; this shorter one may only err towards it. */
    mov VCPU_INFO(%rbx), %rdx
    movzbl (%rdx), %ecx
    cmp 1(%rdx), %cl
    ja syscall_done_slowly
    cmpl $ENTRY_SYSCALL, VCPU_VECTOR(%rbx)
    jne syscall_done_slowly
    /* sysret with a non-canonical rip would fault in ring 0 on Intel's processors (attack 19). Where ENTRY_SYSCALL stands, rip
     * is where syscall left it (or two before): of all such addresses only the end of the low half is not canonical. */
    mov VCPU_RIP(%rbx), %rcx
    cmp end_of_low_half(%rip), %rcx
    je syscall_done_slowly
    /* The handler preserved rbp, r12-r15 as C does, and rcx, r11 are the call's to lose. */
    mov VCPU_RFLAGS(%rbx), %r11
    mov VCPU_R10(%rbx), %r10
    mov VCPU_R9(%rbx), %r9
    mov VCPU_R8(%rbx), %r8
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_RSI(%rbx), %rsi
    mov VCPU_RDI(%rbx), %rdi
    mov VCPU_RSP(%rbx), %rsp
    mov VCPU_RBX(%rbx), %rbx
    sysretq

syscall_done_slowly:
    mov %rax, VCPU_RAX(%rbx)
    jmp exit_to_guest

syscall_unknown:
    call hypercall_not_implemented
    jmp syscall_done

/* A load or store of the guest's memory that goes on at `elsewhere` when it faults. */
.macro GUEST elsewhere:req, instruction:vararg
.Lguest\@:
    \instruction
    .pushsection .ex_table, "a"
    .long .Lguest\@ - .
    .long \elsewhere - .
    .popsection
.endm

/* Is the address in `pointer` the hypervisor's? Slots 256-271 are one aligned block of 2^43 bytes; `scratch` is lost. */
#define HOLE_SHIFT 43
#define HOLE_INDEX ((HV_VIRT_START >> HOLE_SHIFT) & 0x1fffff)
.macro JUMP_IF_IN_HOLE pointer, scratch, where
    mov \pointer, \scratch
    shr $HOLE_SHIFT, \scratch
    cmp $HOLE_INDEX, \scratch
    je \where
.endm

/*
 * A user's system call: the frame of pv_deliver_syscall() without its generality. Left to that function: a pending or masked
 * upcall, IOPL shown in flags, no callback, a stack that cannot be written.
 * In: like entry_syscall. The user's rax, rbx, rdx are kept in regs; nothing else is touched, so nothing else is saved.
 */
syscall_from_user:
    mov %rax, AT_RSP(RAX)
    mov %rdx, AT_RSP(RDX)
    mov %rbx, AT_RSP(RBX)
    mov AT_RSP(INFO), %rdx
    cmpw $0, (%rdx)
    jne user_slowly
    mov AT_RSP(DOMAIN), %rax
    testb $VM_ASSIST_IOPL, DOMAIN_VM_ASSIST(%rax)
    jnz user_slowly
    cmpq $0, AT_RSP(SYSCALL_CALLBACK)
    je user_slowly
    mov AT_RSP(KERNEL_SP), %rdx
    and $-16, %rdx
    sub $56, %rdx
    JUMP_IF_IN_HOLE %rdx, %rax, user_slowly
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    movb $1, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_KERNEL_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
    mov VCPU_RSP(%rbx), %rax
    GUEST user_frame_faulted, movq $FLAT_RING3_SS64, 48(%rdx)
    GUEST user_frame_faulted, mov %rax, 40(%rdx)
    GUEST user_frame_faulted, mov %r11, 32(%rdx)
    GUEST user_frame_faulted, movq $FLAT_RING3_CS64, 24(%rdx)
    GUEST user_frame_faulted, mov %rcx, 16(%rdx)
    GUEST user_frame_faulted, mov %r11, 8(%rdx)
    GUEST user_frame_faulted, mov %rcx, (%rdx)
    mov VCPU_INFO(%rbx), %rcx
    movzbl VCPU_SYSCALL_MASKS(%rbx), %eax
    mov %al, 1(%rcx)
    and $~RFLAGS_LEFT_BEHIND, %r11
    mov VCPU_SYSCALL_CALLBACK(%rbx), %rcx
    mov VCPU_RAX(%rbx), %rax
    mov %rdx, %rsp
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_RBX(%rbx), %rbx
    sysretq

user_frame_faulted:
    movb $0, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_USER_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
    lea VCPU_RSP(%rbx), %rsp
user_slowly:
    SAVE_SYSCALL_FRAME
    mov %rcx, AT_RSP(RCX)
    mov %r11, AT_RSP(R11)
    SAVE_OTHERS
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    mov %rbx, %rdi
    call pv_deliver_syscall
    jmp exit_to_guest

/*
 * HYPERVISOR_iret, the same as pv_iret(). Left to that function: IOPL in flags, no user base, a frame that cannot be read.
 * In: rip, rflags, rbx saved; rsp = &regs.rsp. rax, rcx, r11 come from the frame, the rest is not touched.
 */
#define FRAME_RAX    0
#define FRAME_R11    8
#define FRAME_RCX    16
#define FRAME_RIP    32
#define FRAME_CS     40
#define FRAME_RFLAGS 48
#define FRAME_RSP    56
#define FRAME_SS     64
syscall_iret:
    mov %rdx, AT_RSP(RDX)
    lea -VCPU_RSP(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    mov VCPU_RSP(%rbx), %rcx
    JUMP_IF_IN_HOLE %rcx, %rax, iret_slowly
    mov VCPU_DOMAIN(%rbx), %rax
    testb $VM_ASSIST_IOPL, DOMAIN_VM_ASSIST(%rax)
    jnz iret_slowly
    /* Both ends can be read, so all of it can; should another vCPU unmap it now, only the crash's registers are wrong. */
    GUEST iret_slowly, mov FRAME_SS(%rcx), %r11
    GUEST iret_slowly, mov FRAME_RAX(%rcx), %rax
    mov %rax, VCPU_RAX(%rbx)
    GUEST iret_slowly, mov FRAME_CS(%rcx), %rax
    or $3, %r11d
    movzwl %r11w, %r11d
    mov %r11, VCPU_SS(%rbx)
    mov %eax, %r11d
    and $3, %r11d
    cmp $3, %r11d
    jne 1f
    cmpq $-1, VCPU_USER_BASE(%rbx)
    je iret_slowly
1:  or $3, %eax
    movzwl %ax, %eax
    mov %rax, VCPU_CS(%rbx)
    GUEST iret_slowly, mov FRAME_RIP(%rcx), %rax
    mov %rax, VCPU_RIP(%rbx)
    GUEST iret_slowly, mov FRAME_RFLAGS(%rcx), %rdx
    mov %edx, %eax
    and $RFLAGS_RESUMED, %eax
    or $(RFLAGS_IF | RFLAGS_FIXED), %eax
    mov %rax, VCPU_RFLAGS(%rbx)
    GUEST iret_slowly, mov FRAME_R11(%rcx), %rax
    mov %rax, VCPU_R11(%rbx)
    GUEST iret_slowly, mov FRAME_RCX(%rcx), %rax
    mov %rax, VCPU_RCX(%rbx)
    GUEST iret_slowly, mov FRAME_RSP(%rcx), %rax
    mov %rax, VCPU_RSP(%rbx)
    /* Nothing is read from the frame any more: the base may change. */
    movb $0, VCPU_IN_NMI(%rbx)
    mov VCPU_INFO(%rbx), %rcx
    not %edx
    shr $RFLAGS_IF_BIT, %edx
    and $1, %edx
    mov %dl, 1(%rcx)
    cmp $3, %r11d
    jne 2f
    movb $0, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_USER_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
2:  test %dl, %dl
    jnz 3f
    cmpb $0, (%rcx)
    jne iret_to_event
3:  mov VCPU_RAX(%rbx), %rax
    mov VCPU_RCX(%rbx), %rcx
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_R11(%rbx), %r11
    lea VCPU_RIP(%rbx), %rsp
    mov VCPU_RBX(%rbx), %rbx
    jmp exit_iret

iret_to_event:
    mov VCPU_RDX(%rbx), %rdx
    lea VCPU_RSP(%rbx), %rsp
    SAVE_OTHERS
    movl $0, AT_RSP(VECTOR)
    mov VCPU_CPU_STACK(%rbx), %rsp
    jmp exit_to_guest

iret_slowly:
    mov VCPU_RDX(%rbx), %rdx
    lea VCPU_RSP(%rbx), %rsp
    SAVE_OTHERS
    mov VCPU_CPU_STACK(%rbx), %rsp
    call hc_iret
    jmp syscall_done

/*
 * void exit_to_guest(void): the whole state of `current`. In: rsp = top of the CPU's stack.
 */
    .globl exit_to_guest
exit_to_guest:
    mov CPU_CURRENT(%rsp), %rbx
    cmpl $0, CPU_WORK(%rsp)
    jne exit_work
    mov VCPU_INFO(%rbx), %rdx
    cmpb $0, 1(%rdx)
    jne exit_registers
    cmpb $0, (%rdx)
    jne exit_event
exit_registers:
    cmpl $ENTRY_SYSCALL, VCPU_VECTOR(%rbx)
    jne exit_full
    mov VCPU_RIP(%rbx), %rcx
    mov %rcx, %rdx
    shl $16, %rdx
    sar $16, %rdx
    cmp %rcx, %rdx
    jne exit_full
    lea VCPU_REGS(%rbx), %rsp
    POP_REGISTERS
    mov (VCPU_RIP - VCPU_ERROR)(%rsp), %rcx
    mov (VCPU_RFLAGS - VCPU_ERROR)(%rsp), %r11
    mov (VCPU_RSP - VCPU_ERROR)(%rsp), %rsp
    sysretq

exit_full:
    lea VCPU_REGS(%rbx), %rsp
    POP_REGISTERS
    add $8, %rsp
exit_iret:
    iretq

exit_work:
    call percpu_do_work
    jmp exit_to_guest

exit_event:
    mov %rbx, %rdi
    call pv_deliver_event
    jmp exit_to_guest

/* Exceptions and interrupts. In: the hardware's frame with error code, vector above it. */
entry_common:
    testb $3, 16(%rsp)
    jz entry_from_hypervisor
entry_from_guest:
    PUSH_REGISTERS
    cld
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_from_guest
    jmp exit_to_guest

entry_from_hypervisor:
    push %rax
    lea exit_iret(%rip), %rax
    cmp %rax, 16(%rsp)
    pop %rax
    je iret_faulted
hypervisor_frame:
    PUSH_REGISTERS
    cld
    mov %rsp, %rdi
    sub $8, %rsp
    call traps_from_hypervisor
    add $8, %rsp
    POP_REGISTERS
    add $8, %rsp
    iretq

/*
 * A page fault of the guest's, to its handler: what pv_trap() and pv_deliver_page_fault() do in the common case. Left to them: a
 * pending upcall, IOPL shown in flags, no handler, the kernel's write to a live page table (abi T24), an unwritable stack.
 * rax, rcx, rdx, rbx are kept in regs; nothing else is touched.
 */
#define AT_ERROR(field) (VCPU_##field - VCPU_ERROR)(%rsp)
entry_page_fault:
    testb $3, 16(%rsp)
    jz entry_from_hypervisor
    mov %rax, AT_ERROR(RAX)
    mov %rcx, AT_ERROR(RCX)
    mov %rdx, AT_ERROR(RDX)
    mov %rbx, AT_ERROR(RBX)
    lea -VCPU_ERROR(%rsp), %rbx
    mov VCPU_CPU_STACK(%rbx), %rsp
    mov VCPU_INFO(%rbx), %rdx
    cmpb $0, 1(%rdx)
    jne 4f
    cmpb $0, (%rdx)
    jne fault_slowly
4:  mov VCPU_DOMAIN(%rbx), %rax
    testb $VM_ASSIST_IOPL, DOMAIN_VM_ASSIST(%rax)
    jnz fault_slowly
    mov VCPU_ERROR(%rbx), %ecx
    and $ERROR_WRITE_PRESENT, %ecx
    cmp $ERROR_WRITE_PRESENT, %ecx
    je fault_on_table
1:  mov VCPU_TRAPS(%rbx), %rax
    test %rax, %rax
    jz fault_slowly
    cmpq $0, TRAP_PAGE_FAULT(%rax)
    je fault_slowly
    mov %cr2, %rcx
    mov %rcx, INFO_CR2(%rdx)
    cmpb $0, VCPU_IN_KERNEL(%rbx)
    je fault_of_user
    mov VCPU_RSP(%rbx), %rcx
    and $-16, %rcx
    sub $64, %rcx
    JUMP_IF_IN_HOLE %rcx, %rax, fault_slowly
    mov VCPU_ERROR(%rbx), %eax
    and $~ERROR_USER, %eax
    GUEST fault_frame_of_kernel, mov %rax, 16(%rcx)
    movzwl VCPU_CS(%rbx), %eax
    and $~3, %eax
2:  GUEST fault_frame_faulted, mov %eax, 32(%rcx)
    movzbl 1(%rdx), %edx
    GUEST fault_frame_faulted, mov %edx, 36(%rcx)
    mov VCPU_RFLAGS(%rbx), %rax
    andl $~RFLAGS_LEFT_BY_TRAP, VCPU_RFLAGS(%rbx)
    test %edx, %edx
    jz 3f
    and $~RFLAGS_IF, %eax
3:  GUEST fault_frame_faulted, mov %rax, 40(%rcx)
    mov VCPU_RCX(%rbx), %rax
    GUEST fault_frame_faulted, mov %rax, (%rcx)
    GUEST fault_frame_faulted, mov %r11, 8(%rcx)
    mov VCPU_RIP(%rbx), %rax
    GUEST fault_frame_faulted, mov %rax, 24(%rcx)
    mov VCPU_RSP(%rbx), %rax
    GUEST fault_frame_faulted, mov %rax, 48(%rcx)
    movzwl VCPU_SS(%rbx), %eax
    GUEST fault_frame_faulted, mov %rax, 56(%rcx)
    mov %rcx, VCPU_RSP(%rbx)
    mov VCPU_TRAPS(%rbx), %rax
    mov VCPU_INFO(%rbx), %rdx
    mov TRAP_PAGE_FAULT(%rax), %rcx
    movzbl TRAP_PAGE_FAULT_MASKS(%rax), %eax
    or %al, 1(%rdx)
    mov VCPU_RFLAGS(%rbx), %r11
    mov VCPU_RAX(%rbx), %rax
    mov VCPU_RDX(%rbx), %rdx
    mov VCPU_RSP(%rbx), %rsp
    mov VCPU_RBX(%rbx), %rbx
    sysretq

fault_of_user:
    mov VCPU_KERNEL_SP(%rbx), %rcx
    and $-16, %rcx
    sub $64, %rcx
    JUMP_IF_IN_HOLE %rcx, %rax, fault_slowly
    movb $1, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_KERNEL_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
    mov VCPU_ERROR(%rbx), %eax
    or $ERROR_USER, %eax
    GUEST fault_frame_of_user, mov %rax, 16(%rcx)
    movzwl VCPU_CS(%rbx), %eax
    jmp 2b

fault_on_table:
    testb $VM_ASSIST_PAGE_TABLES, DOMAIN_VM_ASSIST(%rax)
    jz 1b
    cmpb $0, VCPU_IN_KERNEL(%rbx)
    je 1b
    jmp fault_slowly

/* The frame's first store failed: back to the mode that faulted, and let the general way fail, too. */
fault_frame_of_user:
    movb $0, VCPU_IN_KERNEL(%rbx)
    swapgs
    mov VCPU_USER_BASE(%rbx), %rax
    shl $12, %rax
    mov %rax, %cr3
fault_frame_of_kernel:
    mov INFO_CR2(%rdx), %rcx
    mov %rcx, %cr2
fault_slowly:
    lea VCPU_ERROR(%rbx), %rsp
    mov AT_ERROR(RAX), %rax
    mov AT_ERROR(RCX), %rcx
    mov AT_ERROR(RDX), %rdx
    mov AT_ERROR(RBX), %rbx
    jmp entry_from_guest

/* A later store failed: the frame straddles two pages, or another vCPU unmapped it. The mode has changed; the domain ends. */
fault_frame_faulted:
    mov %rbx, %rdi
    call traps_frame_lost
    jmp exit_to_guest

/* The registers are the guest's again already, the frame lies over their old places: save them anew. */
iret_faulted:
    mov %rax, (VCPU_RAX - IRET_FAULT_FRAME)(%rsp)
    mov (%rsp), %rax
    mov %rax, (VCPU_ERROR - IRET_FAULT_FRAME)(%rsp)
    mov (VCPU_RAX - IRET_FAULT_FRAME)(%rsp), %rax
    lea (VCPU_ERROR - IRET_FAULT_FRAME)(%rsp), %rsp
    PUSH_REGISTERS
    cld
    TO_CPU_STACK
    mov %rbx, %rdi
    call traps_iret_faulted
    jmp exit_to_guest

/* #DB arrives on a stack of its own; a guest's is carried over to the register area. */
entry_debug:
    testb $3, 16(%rsp)
    jz hypervisor_frame
    push %rax
    push %rcx
    mov %rsp, %rax
    or $CPU_BLOCK_MASK, %rax
    mov (CPU_REGISTER_END - CPU_LOCAL_SIZE + 1)(%rax), %rax
    mov 16(%rsp), %rcx /* error code and vector */
    mov %rcx, -48(%rax)
    mov 24(%rsp), %rcx /* rip */
    mov %rcx, -40(%rax)
    mov 32(%rsp), %rcx /* cs */
    mov %rcx, -32(%rax)
    mov 40(%rsp), %rcx /* rflags */
    mov %rcx, -24(%rax)
    mov 48(%rsp), %rcx /* rsp */
    mov %rcx, -16(%rax)
    mov 56(%rsp), %rcx /* ss */
    mov %rcx, -8(%rax)
    pop %rcx
    sub $48, %rax
    xchg %rax, (%rsp)
    mov (%rsp), %rsp
    jmp entry_from_guest

/* NMI, #MC, #DF: wholly on their own stacks. */
entry_emergency:
    PUSH_REGISTERS
    cld
    mov %rsp, %rdi
    sub $8, %rsp
    call traps_nmi
    add $8, %rsp
    POP_REGISTERS
    add $8, %rsp
    iretq

/* Gates: which vectors push an error code: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00
    .balign 16
    .globl entry_gates
entry_gates:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector >= 32
    push $0
    .elseif ((HAS_ERROR_CODE >> vector) & 1) == 0
    push $0
    .endif
    movl $vector, 4(%rsp)
    .if vector == 1
    jmp entry_debug
    .elseif (vector == 2) | (vector == 8) | (vector == 18)
    jmp entry_emergency
    .elseif vector == 14
    jmp entry_page_fault
    .else
    jmp entry_common
    .endif
    .set vector, vector + 1
    .endr

/* void entry_on_stack(struct cpu_local *top, void (*function)(void)): in rdi, rsi. When the function returns, `current` is entered. */
    .globl entry_on_stack
entry_on_stack:
    mov %rdi, %rsp
    xor %ebp, %ebp
    call *%rsi
    jmp exit_to_guest

    .section .note.GNU-stack, "", @progbits
