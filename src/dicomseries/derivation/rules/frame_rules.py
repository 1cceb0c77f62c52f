"""Rules for multi-frame objects: the multi-frame modules, functional groups and what stands in them (C.7.6.16)."""

from __future__ import annotations

from dicomseries.derivation.rules.rule import Section

__all__ = ["SECTIONS"]

_SCANNED = "the frames were acquired so, whatever was computed from them"

SECTIONS: tuple[Section, ...] = (
    # ------------------------------------------------------------------------------------- C.7.6.16, C.7.6.17
    Section(
        "frames",
        "owned",
        "the frames of the new array are ordered anew",
        """
        SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence DimensionOrganizationSequence
        DimensionIndexSequence DimensionOrganizationType DimensionOrganizationUID DimensionIndexValues StackID
        InStackPositionNumber FrameContentSequence PixelMeasuresSequence PlanePositionSequence
        PlaneOrientationSequence PixelValueTransformationSequence FrameVOILUTSequence TemporalPositionSequence
        SegmentIdentificationSequence
        """,
    ),
    Section(
        "frames",
        "drop",
        "the source was cut or converted so, not the result",
        """
        SOPInstanceUIDOfConcatenationSource ConcatenationUID InConcatenationNumber InConcatenationTotalNumber
        ConcatenationFrameOffsetNumber StereoPairsPresent UnassignedPerFrameConvertedAttributesSequence
        UnassignedSharedConvertedAttributesSequence PlanePositionSlideSequence
        """,
    ),
    Section(
        "frames",
        "change",
        "the frames are what the new image is",
        """
        FrameType CTImageFrameTypeSequence MRImageFrameTypeSequence XRay3DFrameTypeSequence
        ParametricMapFrameTypeSequence
        """,
    ),
    Section(
        "frames",
        "keep",
        "a volume is one still",
        "VolumetricProperties VolumeBasedCalculationTechnique",
    ),
    Section(
        "presentation",
        "drop",
        "it colours stored values that are gone",
        "StoredValueColorRangeSequence MaximumStoredValueMapped MinimumStoredValueMapped",
    ),
    # ------------------------------------------------------------------------------------------ C.7.6.16.2, C.8.13
    Section(
        "frames",
        "keep",
        "the frame shows the same part of the body",
        "FrameAnatomySequence FrameLaterality",
    ),
    Section(
        "frames",
        "keep",
        "the frame was acquired then",
        """
        FrameAcquisitionDateTime FrameReferenceDateTime FrameAcquisitionDuration FrameAcquisitionNumber
        CardiacCyclePosition RespiratoryCyclePosition FrameLabel IrradiationEventIdentificationSequence
        """,
    ),
    Section(
        "frames",
        "keep",
        "the acquisition was gated so",
        """
        CardiacSynchronizationSequence RespiratorySynchronizationSequence NominalPercentageOfCardiacPhase
        NominalCardiacTriggerDelayTime ActualCardiacTriggerDelayTime NominalCardiacTriggerTimePriorToRPeak
        ActualCardiacTriggerTimePriorToRPeak RRIntervalTimeNominal RespiratoryIntervalTime
        NominalPercentageOfRespiratoryPhase NominalRespiratoryTriggerDelayTime ActualRespiratoryTriggerDelayTime
        StartingRespiratoryAmplitude StartingRespiratoryPhase EndingRespiratoryAmplitude EndingRespiratoryPhase
        """,
    ),
    Section(
        "frames",
        "keep",
        "the patient had it at the time of the scan",
        """
        ContrastBolusUsageSequence ContrastBolusAgentNumber ContrastBolusAgentAdministered
        ContrastBolusAgentDetected ContrastBolusAgentPhase
        """,
    ),
    Section(
        "MR acquisition",
        "keep",
        _SCANNED,
        """
        MRTimingAndRelatedParametersSequence MREchoSequence MRModifierSequence MRImagingModifierSequence
        MRReceiveCoilSequence MRTransmitCoilSequence MRDiffusionSequence MRAveragesSequence
        MRSpatialSaturationSequence MRMetaboliteMapSequence MRVelocityEncodingSequence
        MRArterialSpinLabelingSequence FunctionalMRSequence EffectiveEchoTime RFEchoTrainLength
        GradientEchoTrainLength SpecificAbsorptionRateSequence GradientOutput GradientOutputType
        OperatingModeSequence InversionRecovery FlowCompensation FlowCompensationDirection Spoiling T2Preparation
        SpectrallySelectedExcitation SpatialPresaturation PartialFourier PartialFourierDirection
        ParallelAcquisition ParallelAcquisitionTechnique ParallelReductionFactorInPlane
        ParallelReductionFactorOutOfPlane ParallelReductionFactorSecondInPlane MagnetizationTransfer
        BloodSignalNulling Tagging TaggingDelay TransmitterFrequency ReceiveCoilManufacturerName ReceiveCoilType
        QuadratureReceiveCoil MultiCoilDefinitionSequence MultiCoilConfiguration TransmitCoilManufacturerName
        TransmitCoilType SlabThickness SlabOrientation MidSlabPosition ChemicalShiftSequence
        MetaboliteMapDescription MetaboliteMapCodeSequence VelocityEncodingDirection VelocityEncodingMinimumValue
        VelocityEncodingMaximumValue ASLContext ASLTechniqueDescription ASLSlabSequence ASLCrusherFlag
        ASLCrusherDescription ASLCrusherFlowLimit ASLBolusCutoffFlag ASLBolusCutoffTimingSequence
        FunctionalSyncPulse SettlingPhaseFrame
        """,
    ),
    Section(
        "reconstruction",
        "keep",
        "it says how the rows and columns lie in what was acquired",
        """
        MRFOVGeometrySequence MRAcquisitionFrequencyEncodingSteps MRAcquisitionPhaseEncodingStepsInPlane
        MRAcquisitionPhaseEncodingStepsOutOfPlane
        """,
        "same grid",
    ),
    # ----------------------------------------------------------------------------------------------------- C.8.15
    Section(
        "CT acquisition",
        "keep",
        _SCANNED,
        """
        CTAcquisitionTypeSequence CTAcquisitionDetailsSequence CTTableDynamicsSequence CTGeometrySequence
        CTExposureSequence CTXRayDetailsSequence AcquisitionType TubeAngle ConstantVolumeFlag FluoroscopyFlag
        DistanceSourceToDataCollectionCenter ReferencedPathIndex ReferencedXRaySourceIndex
        MonoenergeticEnergyEquivalent DecompositionMethod DecompositionDescription
        DecompositionAlgorithmIdentificationSequence DecompositionMaterialSequence
        PerformedProcessingParametersSequence
        """,
    ),
    Section(
        "CT acquisition",
        "keep",
        "it is true of a slice in that place",
        "CTPositionSequence",
        "same slice",
    ),
    Section(
        "reconstruction",
        "keep",
        "a filter gives the noise and sharpness of another kernel",
        "CTReconstructionSequence",
        "unfiltered",
    ),
)
"""Multi-frame modules and functional groups."""
