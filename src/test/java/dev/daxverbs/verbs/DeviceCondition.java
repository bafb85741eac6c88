package dev.daxverbs.verbs;

import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.util.List;

/**
 * Decides whether a test that {@link RequiresDevice} can run. It is here, and not beside the annotation, because JUnit makes it by
 * reflection and this package of the module is exported.
 */
@SuppressWarnings("exports") // nobody but JUnit uses it
public final class DeviceCondition implements ExecutionCondition {
    /** For JUnit. */
    public DeviceCondition() {
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        RequiresDevice required = context.getElement().map(element -> element.getAnnotation(RequiresDevice.class)).orElse(null);
        if (required == null) { // a method of an annotated class, which has been asked about
            return ConditionEvaluationResult.enabled("decided for the class");
        }
        String reason = missing(List.of(required.value()));
        return reason == null ? ConditionEvaluationResult.enabled("the devices are there") : Guest.skipped(reason);
    }

    private static String missing(List<String> names) {
        if (Ibverbs.missing().isPresent()) {
            return Ibverbs.missing().get();
        }
        List<String> present = Device.list().stream().map(Device::name).toList();
        return present.containsAll(names) ? null : "needs the RDMA devices " + names + "; there are " + present;
    }
}
